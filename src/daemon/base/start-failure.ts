/** Exit codes of the daemon, after sysexits.h, so that launchd's and systemd's logs can be read. */
export const exitCodes = {
  ok: 0,
  /** A bug. */
  software: 70,
  /** The system refused something: a port in use, no memory. */
  system: 71,
  /** Another daemon has the socket. */
  alreadyRunning: 75,
  /** A path that others could tamper with. */
  untrustedPath: 77,
  /** The configuration, the command line or the environment. */
  configuration: 78,
} as const;

/** The daemon cannot start. The message is the one line that the user gets. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}
