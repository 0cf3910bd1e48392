// Screens that most visits do not show: one file, loaded when the first of them is needed.
// Makes all code of the first load one file, which compresses better than two.
import "../main.js";

export { changePassword } from "./change_password.js";
export { devices } from "./devices.js";
export { notice } from "./notice.js";
export { outside } from "./outside.js";
export { replacePassword } from "./replace_password.js";
