// What the sensors and the calendar say and what policy makes of it. What this machine cannot measure has no series.
import { Counter, Gauge, type Registry } from 'prom-client';
import { rungs, voices, type PolicyReading } from '../base/allowance.js';
import type { PolicyEvent } from '../base/events.js';

type Field = 'thermalLevel' | 'temperatureCelsius' | 'memoryPressure' | 'otherLoad' | 'calendarEndsSeconds';

export function createPolicyMetrics(policy: () => PolicyReading, registers: Registry[]): (event: PolicyEvent) => void {
  const read = (field: Field, metric: { name: string; help: string }): void => {
    new Gauge({
      ...metric,
      registers,
      collect() {
        // A gauge without labels begins with a series of 0.
        this.remove();
        const value = policy()[field];
        if (value !== undefined) this.set(value);
      },
    });
  };
  read('thermalLevel', { name: 'acceld_thermal_level', help: '0 nominal, 1 fair, 2 serious, 3 critical.' });
  read('temperatureCelsius', { name: 'acceld_temperature_celsius', help: 'The hottest zone.' });
  read('memoryPressure', { name: 'acceld_memory_pressure_level', help: '0 normal, 1 warning, 2 critical.' });
  const loadHelp = 'Processor time that other programs take, as a share of all cores.';
  read('otherLoad', { name: 'acceld_other_load_ratio', help: loadHelp });
  const calendarHelp = 'Until the table of market days ends; negative when it has.';
  read('calendarEndsSeconds', { name: 'acceld_market_calendar_ends_seconds', help: calendarHelp });
  addAllowance(policy, registers);
  return observePolicy(registers);
}

function addAllowance(policy: () => PolicyReading, registers: Registry[]): void {
  new Gauge({
    name: 'acceld_market_protected',
    help: '1: the venue is in a protected window.',
    labelNames: ['venue'],
    registers,
    collect() {
      this.reset();
      for (const venue of policy().protectedVenues) this.set({ venue }, 1);
    },
  });
  new Gauge({
    name: 'acceld_allowance_rung',
    help: `Rung of the emergency ladder: ${rungs.map((rung, index) => `${index} ${rung}`).join(', ')}.`,
    registers,
    collect() {
      this.set(rungs.indexOf(policy().allowance.rung));
    },
  });
  new Gauge({
    name: 'acceld_voice_muted',
    help: '1: an operator silenced this voice of the policy.',
    labelNames: ['voice'],
    registers,
    collect() {
      const { muted } = policy();
      for (const voice of voices) this.set({ voice }, muted.includes(voice) ? 1 : 0);
    },
  });
}

function observePolicy(registers: Registry[]): (event: PolicyEvent) => void {
  const readable = new Gauge({
    name: 'acceld_voice_readable',
    help: '0: this voice of the policy cannot be read and abstains.',
    labelNames: ['voice'],
    registers,
  });
  for (const voice of voices) readable.set({ voice }, 1);
  const changes = new Counter({
    name: 'acceld_allowance_changes_total',
    help: 'Changes of the rung.',
    labelNames: ['to'],
    registers,
  });
  return (event) => {
    if (event.kind === 'voice-lost') readable.set({ voice: event.voice }, 0);
    else if (event.kind === 'voice-found') readable.set({ voice: event.voice }, 1);
    else if (event.kind === 'allowance-changed') changes.inc({ to: event.to });
  };
}
