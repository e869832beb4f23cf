/** Who asks. Resolved once per connection from the peer's credentials and passed as a value. */
export interface Caller {
  /** Name for limits, logs and metrics: "uid:1000". */
  readonly name: string;
  /** Key of the connection, never reused. */
  readonly connection: string;
  /** A label for logs only: process ids are reused and prove nothing. */
  readonly pid: number;
  /** Runs this machine: may call the methods of ROLE_OPERATOR. */
  readonly isOperator: boolean;
  /** Connected over a Unix socket of this machine: can be handed a descriptor. Unset: cannot. */
  readonly canMap?: boolean;
}
