// Every ceiling of the daemon that is not a setting, with its reason. Settings and their defaults: config/schema.ts.

/** A message, either way. The default receive limit of every gRPC client, so a reply within it always arrives. */
export const messageBytesMax = 4 * 1024 * 1024;

/** A frame as grpc-js receives it. Twice a message, so that a session's frame over the limit fails its own id. */
export const frameBytesMax = 2 * messageBytesMax;

/** Calls that run at once in one session: as many as streams on one connection. */
export const sessionCallsMax = 128;

/** Rows in a request. With one value per row and 8 bytes per value, 8 columns of this length fill a message. */
export const rowsMax = 65_536;

/** Dimensions of a tensor: as many as NumPy users meet in practice; bounds the loop over a hostile shape. */
export const dimensionsMax = 8;

/** Violations that one reply names. More would not help a person and could outgrow the 8 KiB of HTTP/2 trailers. */
export const violationsMax = 32;

/** Length of a client's request id: a UUID or a trace id with its span fits, a payload does not. */
export const requestIdLengthMax = 64;

/** Device time that one chunk is cut to: what an ORDER job may have to wait behind a chunk already running. */
export const chunkNs = 1_000_000;

/** Device time below which a job runs on the event loop: a hop to a pool thread costs 40 to 90 us itself. */
export const inlineNs = 50_000;

/** Path of a Unix socket: sun_path holds 104 bytes on macOS, 108 on Linux, the closing zero included. */
export const socketPathBytesMax = 103;

/** Calls at once on one connection. Further calls wait in the client. */
export const streamsPerConnectionMax = 128;

/** Open connections: each holds about 60 KB, and a desk's engines need tens. */
export const connectionsMax = 1024;

/**
 * HTTP/2 receive window of a stream and of a connection. Node does not read a session while a write to it waits, so two
 * Node peers stop for ever once both have more under way than a socket buffer (208 KB on Linux) holds.
 */
export const windowBytes = 128 * 1024;

/** Request headers: identity needs under 1 KB; Node's default of 64 KB only helps an attacker. */
export const headerBytesMax = 16 * 1024;

/** HTTP/2 frames that break the protocol before the session is closed (Node's default is 1,000). */
export const invalidFramesMax = 100;

/** How often sessions that a broken frame ended are looked for: found twice, they are closed. */
export const deadSessionsMs = 500;

/** Memory of one HTTP/2 session in megabytes: every stream's largest message once, and headers. */
export const sessionMegabytesMax = 640;

/** Wait for calls in flight when the daemon stops: longer than any default deadline would be of use to nobody. */
export const drainMsMax = 10_000;

/** Retry hint of a refusal: by then a full queue of 1 ms chunks has moved. */
export const retryAfterMs = 20;

/** The same where policy keeps a lane closed: it opens rung by rung, in times of some ten seconds. */
export const closedRetryAfterMs = 5_000;

/** Callers that have a metric series of their own work; the rest share "other". */
export const callerStatesMax = 256;

/** Time of one round of a job that reports progress: stops are seen at its end, and its overhead stays below 2 %. */
export const roundNs = 5_000_000;

/** Kept before the deadline to deliver the last message: 20 ms, or this share of the call's time. */
export const finishNsMin = 20_000_000;
export const deadlineShareKept = 0.05;

/** Paths of one simulation: 2^40 one-step paths keep two cores busy for some ten minutes; more is a mistake. */
export const simulationPathsMax = 2 ** 40;
/** Paths where the request sets no bound: a standard error of 1 / 32,768 of the payoff's deviation. */
export const simulationPathsDefault = 2 ** 30;

/** Fixings or monitoring dates of one simulation: sixteen years of trading days. */
export const simulationDatesMax = 4096;

/** Pages of Apple silicon; every other system's divide it. */
export const pageBytes = 16 * 1024;

/** One region. A view of Node 20 holds 4 GiB; half of that is a day of ticks, and takes 2 s to make. */
export const regionBytesMax = 2 * 1024 ** 3;

/** Regions of one caller: each holds a descriptor, of which a process has 1,024 on a cautious system. */
export const regionsPerCallerMax = 128;

/** Rows of a request whose columns lie in regions: a column of f64 takes 512 MiB, a job some seconds of two cores. */
export const regionRowsMax = 2 ** 26;

/** Of a job in regions that is looked at again: copied on the event loop, in 40 us, seldom in 0.3 ms. */
export const sampleBytesMax = 256 * 1024;

/** How long a region outlives its last connection: a client that lost it has connected again by then. */
export const regionLeaseMs = 10_000;

/** Smaller memory is made as quickly as it is cleared, and not kept for the next region. */
export const regionKeptBytesMin = 1024 * 1024;

/** Memory of the workers that no job used for so long goes back to the system: longer than the pauses of a busy desk. */
export const arenaIdleMs = 60_000;

/** Of it, what is kept for the next job: a message's columns and results, and pages come at 0.5 ms a megabyte. */
export const arenaKeptBytes = 4 * 1024 * 1024;

/** What is given back at once, on the event loop: 40 us, seldom 0.1 ms. */
export const arenaPieceBytes = 512 * 1024;

/** 128 random bits cannot be guessed. */
export const regionTokenBytes = 16;

/** A piece of a download: large enough that its fixed cost does not show, small enough not to hold up the event loop. */
export const downloadBytesMax = 1024 * 1024;

/** Connections to the descriptor socket at once: a client needs one for a moment. */
export const descriptorConnectionsMax = 64;

/** How long such a connection may stay silent. */
export const descriptorIdleMs = 5_000;

/** A slow call is logged in any case. */
export const slowCallMs = 250;
