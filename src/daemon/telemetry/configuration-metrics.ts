// Which settings are in force, and whether those in the file are.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ConfigurationEvent } from '../base/events.js';

export function createConfigurationMetrics(registers: Registry[]): (event: ConfigurationEvent) => void {
  const info = new Gauge({
    name: 'acceld_configuration_info',
    help: 'Always 1, labelled with the hash of the settings in force.',
    labelNames: ['hash'],
    registers,
  });
  const success = new Gauge({
    name: 'acceld_configuration_last_reload_success',
    help: '0: the settings as the file has them were refused.',
    registers,
  });
  success.set(1);
  const stale = new Gauge({
    name: 'acceld_configuration_stale',
    help: '1: the file was bad at the start, and the copy that was accepted last is in force.',
    registers,
  });
  const refused = new Counter({
    name: 'acceld_configuration_refused_total',
    help: 'Settings that were refused.',
    registers,
  });
  return (event) => {
    if (event.kind === 'configuration-refused') {
      refused.inc();
      success.set(0);
      return;
    }
    info.reset();
    info.set({ hash: event.hash }, 1);
    const isStale = event.kind === 'configuration-stale';
    stale.set(isStale ? 1 : 0);
    success.set(isStale ? 0 : 1);
  };
}
