/* What the bundle gives the desk: JsSIP, as a module. */
export { default } from "jssip";
