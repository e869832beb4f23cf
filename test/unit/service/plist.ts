// What launchd reads in a plist: its own checker ignores a key that it does not know, and a type that is another.
type Shape = 'string' | 'integer' | 'boolean' | 'strings' | 'variables' | Readonly<Record<string, unknown>>;

const limits = { NumberOfFiles: 'integer', Core: 'integer' } as const;
const socket = {
  SockPathName: 'string',
  SockPathMode: 'integer',
  SockPathOwner: 'integer',
  SockPathGroup: 'integer',
  SockType: 'string',
} as const;

const keys: Readonly<Record<string, Shape>> = {
  Label: 'string',
  UserName: 'string',
  GroupName: 'string',
  ProgramArguments: 'strings',
  EnvironmentVariables: 'variables',
  WorkingDirectory: 'string',
  Umask: 'integer',
  RunAtLoad: 'boolean',
  KeepAlive: { SuccessfulExit: 'boolean' },
  ThrottleInterval: 'integer',
  ExitTimeOut: 'integer',
  ProcessType: 'string',
  LimitLoadToSessionType: 'strings',
  SoftResourceLimits: limits,
  HardResourceLimits: limits,
  Sockets: { acceld: socket },
  StandardOutPath: 'string',
  StandardErrorPath: 'string',
};

/** Every key that launchd would not take, by its path. */
export function plistProblems(value: unknown, shape: Shape = keys, path = ''): string[] {
  if (typeof shape === 'string') return fits(value, shape) ? [] : [`${path} must be of type ${shape}`];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} must be a dict`];
  return Object.entries(value).flatMap(([key, inside]) => {
    const known = shape[key] as Shape | undefined;
    const place = path === '' ? key : `${path}.${key}`;
    return known === undefined ? [`${place} is no key of launchd`] : plistProblems(inside, known, place);
  });
}

function fits(value: unknown, shape: Exclude<Shape, object>): boolean {
  switch (shape) {
    case 'integer':
      return Number.isInteger(value);
    case 'strings':
      return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
    case 'variables':
      return typeof value === 'object' && Object.values(value!).every((each) => typeof each === 'string');
    default:
      return typeof value === shape;
  }
}
