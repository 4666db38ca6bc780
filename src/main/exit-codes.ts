/** `grid agent` ends so when its worker does not serve: EX_UNAVAILABLE of sysexits.h. */
export const WORKER_AWAY = 69;
