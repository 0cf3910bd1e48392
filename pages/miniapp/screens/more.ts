// Screens that most visits do not show: one file, loaded when the first of them is needed.
export { changePassword } from "./change_password.js";
export { devices } from "./devices.js";
export { notice } from "./notice.js";
export { outside } from "./outside.js";
export { replacePassword } from "./replace_password.js";
