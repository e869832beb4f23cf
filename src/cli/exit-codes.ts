/** What a script may rely on. 69 and 70 are EX_UNAVAILABLE and EX_SOFTWARE of sysexits.h. */
export const exitCodes = {
  ok: 0,
  callFailed: 1,
  usage: 2,
  unreachable: 69,
  internal: 70,
} as const;

export const exitCodesHelp = `
Exit codes: 0 done, 1 the call failed, 2 wrong use, 69 the daemon cannot be reached, 70 bug of acceld.`;
