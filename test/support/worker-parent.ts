// A process that owns a worker with the fault of its argument, gives it a task, and says its pid.
import { isUp, openWorker, optionPlan, taskOf, tellsNothing } from './worker.js';

// It would end one that was stopped itself.
const worker = await openWorker({ addon: tellsNothing }, process.argv[2]);
await isUp(worker);
const plan = optionPlan(1000);
const load = worker.device.load(plan);
const [started] = worker.events.flatMap((event) => (event.kind === 'worker-started' ? [event.pid] : []));
load.run(taskOf(plan), () => undefined);
console.log(started);
