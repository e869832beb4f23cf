// How hot the machine is: the level that macOS publishes, or the thermal zones of Linux.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rungs, type PolicyReading } from '../base/allowance.js';
import type { ThermalThresholds } from './settings.js';
import type { Heard, HostSensors, SensorVoice } from './voice.js';

type Level = NonNullable<PolicyReading['thermalLevel']>;

/** What a zone of Linux says, in degrees Celsius. A trip point that the zone lacks is undefined. */
export interface Zone {
  readonly type: string;
  readonly celsius: number;
  /** From here on the kernel slows the processor down. */
  readonly passive: number | undefined;
  /** From here on the kernel switches the machine off. */
  readonly critical: number | undefined;
}

const words = ['nominal', 'fair', 'serious', 'critical'] as const;

/** Heat moves slowly, and some sensors take milliseconds to answer. */
const everyMs = 10_000;
/** Degrees before a trip point at which its level begins, and by which it must have cooled to end. */
const nearCelsius = 5;
const easeCelsius = 3;

/** One rung for each level: half of the bulk work, no BACKGROUND, no BATCH. */
const rungOf = (level: Level) => rungs[level];

/** Zones of other parts, as of a radio, matter only where the kernel acts on them. */
const processors = /cpu|pkg|core|soc|gpu|acpi|package/i;

export const matters = ({ type, passive, critical }: Zone): boolean =>
  passive !== undefined || critical !== undefined || processors.test(type);

export function levelOfZone({ celsius, passive, critical }: Zone, settings: ThermalThresholds): Level {
  if (celsius >= (critical === undefined ? settings.critical_celsius : critical - nearCelsius)) return 3;
  if (celsius >= (passive ?? settings.serious_celsius)) return 2;
  return celsius >= (passive === undefined ? settings.fair_celsius : passive - nearCelsius) ? 1 : 0;
}

export function judgeZones(zones: readonly Zone[], settings: ThermalThresholds): Heard {
  const own = zones.filter(matters);
  if (own.length === 0) throw new Error('the system shows no thermal zone of a processor');
  const levelAt = (above: number) =>
    own.reduce<Level>((top, zone) => {
      const level = levelOfZone({ ...zone, celsius: zone.celsius + above }, settings);
      return level > top ? level : top;
    }, 0);
  const [level, eased] = [levelAt(0), levelAt(easeCelsius)];
  const hottest = own.reduce((top, zone) => (zone.celsius > top.celsius ? zone : top));
  const text = `the machine's heat is ${words[level]}: ${hottest.type} has ${Math.round(hottest.celsius)} °C`;
  return {
    opinion: { rung: rungOf(level), easedTo: rungOf(eased), text },
    facts: { thermalLevel: level, temperatureCelsius: hottest.celsius },
  };
}

/** macOS steps over a level now and then; the last two mean that it is about to switch itself off. */
export function judgePressure(pressure: number): Heard {
  const level = Math.max(0, Math.min(3, Math.trunc(pressure))) as Level;
  const text = `the machine's heat is ${words[level]}`;
  return { opinion: { rung: rungOf(level), easedTo: rungOf(level), text }, facts: { thermalLevel: level } };
}

export const thermalVoice = (sensors: HostSensors, folder = '/sys/class/thermal'): SensorVoice => ({
  voice: 'thermal',
  everyMs,
  hear: async ({ thermal }) => {
    const pressure = sensors.thermalPressure();
    if (pressure !== null) return judgePressure(pressure);
    return judgeZones(await readZones(folder), thermal);
  },
});

export async function readZones(folder: string): Promise<Zone[]> {
  const names = await readdir(folder).catch(() => []);
  const zones = await Promise.all(
    names.filter((name) => name.startsWith('thermal_zone')).map((name) => readZone(join(folder, name))),
  );
  return zones.filter((zone) => zone !== undefined);
}

/** Undefined: the zone does not answer, as one of a part that sleeps. */
async function readZone(folder: string): Promise<Zone | undefined> {
  const text = async (name: string): Promise<string> => (await readFile(join(folder, name), 'utf8')).trim();
  try {
    const [type, celsius] = [await text('type'), Number(await text('temp')) / 1e3];
    if (!isTemperature(celsius)) return undefined;
    const trips = new Map<string, number>();
    for (const name of (await readdir(folder)).filter((each) => /^trip_point_\d+_type$/.test(each))) {
      const trip = Number(await text(name.replace('_type', '_temp'))) / 1e3;
      if (isTemperature(trip)) trips.set(await text(name), trip);
    }
    return { type, celsius, passive: trips.get('passive'), critical: trips.get('critical') };
  } catch {
    return undefined;
  }
}

/** Switched-off trip points and sensors without power say 0, or far below. */
const isTemperature = (celsius: number): boolean => celsius > 0 && celsius < 200;
