/** The demo, or its grid, did not do what it should; the message says all that there is to say. */
export class DemoFailure extends Error {}
