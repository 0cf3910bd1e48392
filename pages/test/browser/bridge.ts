// The bridge for the comparison with the official script, in a page.
import { Bridge } from "../../shared/bridge.js";

Object.assign(window, { bridge: new Bridge() });
