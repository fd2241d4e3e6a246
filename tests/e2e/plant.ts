/* A small site that lives: a clock and a coffee maker, a plant with ovens, presses, chillers,
   pumps, vehicles and gateways, and who listens to them. Numbers, words, JSON and binary values,
   retained and not; a printer that loses its connection and a client that is refused. Seeded. */

import { Machine } from './machine.ts';

interface Series {
    name: string;
    period_ms: number;
    retain: boolean;
    next: (now_ms: number) => string | Buffer | null;
}

interface Member {
    id: string;
    place: string;
    series: Series[];
    filters: string[];
}

const tick_ms = 100;
const printer_period_ms = 47_000;
const printer_off_ms = 9_000;

type Random = () => number;

function seeded(seed: number): Random {
    let state = seed | 0;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    };
}

/** A value that wanders about `base`. */
function walk(random: Random, base: number, swing: number, digits: number): () => string {
    let value = base;
    return () => {
        value += (random() - 0.5) * swing + (base - value) * 0.06;
        return value.toFixed(digits);
    };
}

function kept(name: string, period_ms: number, next: Series['next']): Series {
    return { name, period_ms, retain: true, next };
}

function passing(name: string, period_ms: number, next: Series['next']): Series {
    return { name, period_ms, retain: false, next };
}

function oven(random: Random, index: number): Series[] {
    const base = 178 + index * 2;
    const zones = [1, 2, 3, 4].map((zone) =>
        kept(`zone/${zone}/temp_c`, 2_000, walk(random, base + zone - 2.5, 0.5, 1)),
    );
    const cycle_s = 600;
    const state = (now_ms: number): string => {
        const left_s = cycle_s - (Math.floor(now_ms / 1000 + index * 90) % cycle_s);
        const phase = left_s > 480 ? 'heat' : left_s > 60 ? 'soak' : 'cool';
        return JSON.stringify({ phase, left_s, recipe: `PA66-${1 + (index % 4)}` });
    };
    return [
        kept('temp_c', 500, walk(random, base, 0.5, 1)),
        passing('power_kw', 500, walk(random, 62, 2, 1)),
        kept('door', 60_000, () => 'closed'),
        kept('set_point_c', 120_000, () => base.toFixed(1)),
        kept('state', 5_000, state),
        ...zones,
    ];
}

/** Presses stroke for a while and then change tools: the traffic of a plant comes in waves. */
function press(random: Random, index: number): Series[] {
    let cycles = 18_000 + index * 731;
    const isStroking = (now_ms: number): boolean => (now_ms / 1000 + index * 23) % 150 < 105;
    const force = walk(random, 840, 30, 1);
    return [
        passing('force_kn', 200, (now_ms) => (isStroking(now_ms) ? force() : null)),
        kept('cycles', 2_000, (now_ms) => (isStroking(now_ms) ? String((cycles += 1)) : null)),
        kept('oil/temp_c', 2_000, walk(random, 48, 0.6, 1)),
        kept('oil/pressure_bar', 2_000, walk(random, 212, 3, 1)),
        kept('state', 10_000, (now_ms) =>
            JSON.stringify({
                mode: isStroking(now_ms) ? 'auto' : 'tool change',
                tool: 100 + index,
            }),
        ),
    ];
}

function chiller(random: Random): Series[] {
    return [
        kept('outlet_c', 500, walk(random, 6.2, 0.3, 2)),
        kept('inlet_c', 500, walk(random, 11.8, 0.3, 2)),
        passing('flow_lpm', 1_000, walk(random, 120, 6, 0)),
        kept('valves', 30_000, () => '{"v1":"open","v2":"open","v3":"closed"}'),
    ];
}

function pump(random: Random): Series[] {
    return [
        passing('speed_rpm', 1_000, walk(random, 1_450, 20, 0)),
        kept('pressure_bar', 1_000, walk(random, 4.2, 0.1, 2)),
        kept('running', 60_000, () => 'true'),
    ];
}

function vehicle(random: Random, index: number): Series[] {
    const x = walk(random, 40 + index * 7, 2, 2);
    const y = walk(random, 22, 2, 2);
    return [
        kept('pos', 500, () => `{"x_m":${x()},"y_m":${y()}}`),
        kept('battery_pct', 10_000, walk(random, 71, 1, 0)),
        kept('state', 8_000, () => (random() < 0.7 ? 'driving' : 'waiting')),
        passing('scan', 2_000, () => Buffer.from([0x02, 0xff, index, 0x80, 0x11, 0x03])),
    ];
}

function gateway(random: Random): Series[] {
    return Array.from({ length: 12 }, (_, index) => {
        const name = `s${String(index + 1).padStart(2, '0')}`;
        return [
            kept(`${name}/temp_c`, 10_000, walk(random, 21, 0.4, 1)),
            kept(`${name}/humidity_pct`, 10_000, walk(random, 44, 1, 0)),
        ];
    }).flat();
}

function coffeeMaker(random: Random): Series[] {
    return [
        kept('state', 12_000, () => 'ready'),
        kept('water_ml', 15_000, walk(random, 820, 10, 0)),
        kept('boiler/temp_c', 1_000, walk(random, 92.4, 0.6, 1)),
        kept('cups_total', 30_000, () => '1204'),
    ];
}

function alarmClock(): Series[] {
    return [
        kept('alarm', 30_000, () => '{"at":"06:30","days":["mon","tue","wed","thu","fri"]}'),
        kept('ringing', 15_000, () => 'false'),
    ];
}

function home(random: Random): Member[] {
    return [
        {
            id: 'coffee-maker',
            place: 'home/kitchen/coffee_maker',
            series: coffeeMaker(random),
            filters: ['home/bedroom/alarm_clock/ringing'],
        },
        {
            id: 'alarm-clock',
            place: 'home/bedroom/alarm_clock',
            series: alarmClock(),
            filters: ['home/kitchen/coffee_maker/state'],
        },
    ];
}

function membersOf(random: Random): Member[] {
    const many = (size: number, id: string, make: (random: Random, index: number) => Series[]) =>
        Array.from({ length: size }, (_, index) => ({
            id: `${id}-${index + 1}`,
            place: `plant/h${1 + (index % 3)}/${id}-${index + 1}`,
            series: make(random, index),
            filters: [`plant/h${1 + (index % 3)}/${id}-${index + 1}/set`],
        }));
    const listener = (id: string, ...filters: string[]): Member => ({
        id,
        place: '',
        series: [],
        filters,
    });
    return [
        ...home(random),
        ...many(6, 'oven', oven),
        ...many(9, 'press', press),
        ...many(4, 'chiller', chiller),
        ...many(6, 'pump', pump),
        ...many(5, 'agv', vehicle),
        ...many(3, 'gw-hall', gateway),
        listener('historian', 'plant/#', 'home/#'),
        listener('hmi-1', 'plant/h1/#'),
        listener('hmi-2', 'plant/h2/#'),
        listener('hmi-3', 'plant/h3/#'),
        listener('mes-bridge', 'plant/+/+/cycles', 'plant/+/+/state'),
        listener('energy-meter', 'plant/+/+/power_kw'),
        listener('shift-board', 'plant/+/+/state'),
        listener('dashboard-7', 'home/#'),
    ];
}

/** A running site; `stop` says goodbye for every machine. */
export class Plant {
    private readonly timers: NodeJS.Timeout[] = [];
    private printer: Machine | null = null;

    private constructor(
        private readonly port: number,
        private readonly machines: Map<string, Machine>,
    ) {}

    static async start(port: number): Promise<Plant> {
        const random = seeded(7);
        const members = membersOf(random);
        const machines = new Map<string, Machine>();
        for (const member of members) {
            const machine = await Machine.join({
                port,
                id: member.id,
                keep_alive_s: 0,
            });
            machines.set(member.id, machine);
            member.filters.forEach((filter) => machine.subscribe(filter));
        }
        const plant = new Plant(port, machines);
        plant.run(members, random);
        return plant;
    }

    private run(members: readonly Member[], random: Random): void {
        const plan = members.flatMap((member) =>
            member.series.map((series) => ({
                series,
                topic: `${member.place}/${series.name}`,
                machine: this.machines.get(member.id),
                due_ms: Date.now() + random() * Math.min(series.period_ms, 5_000),
            })),
        );
        this.every(tick_ms, () => {
            const now_ms = Date.now();
            for (const one of plan.filter((each) => each.due_ms <= now_ms)) {
                one.due_ms = Math.max(one.due_ms + one.series.period_ms, now_ms);
                const value = one.series.next(now_ms);
                if (value !== null) {
                    one.machine?.publish(one.topic, value, { retain: one.series.retain });
                }
            }
        });
        void this.connectPrinter();
        this.every(printer_period_ms, () => {
            this.printer?.cut();
            this.printer = null;
            this.timers.push(setTimeout(() => void this.connectPrinter(), printer_off_ms));
        });
    }

    private every(period_ms: number, act: () => void): void {
        this.timers.push(setInterval(act, period_ms));
    }

    private async connectPrinter(): Promise<void> {
        const id = 'label-printer-2';
        this.printer = await Machine.join({ port: this.port, id, keep_alive_s: 0 });
        this.printer.publish('plant/h2/label-printer-2/paper_m', '182', {
            retain: true,
        });
    }

    /** Somebody with a key that is none. */
    async refuse(id: string): Promise<void> {
        await Machine.join({ port: this.port, id, key: 'kk_not_a_key' }).catch(() => {});
    }

    /** Switches one off without a goodbye. */
    cut(id: string): void {
        this.machines.get(id)?.cut();
        this.machines.delete(id);
    }

    stop(): void {
        this.timers.forEach((timer) => clearInterval(timer));
        this.printer?.leave();
        this.machines.forEach((machine) => machine.leave());
    }
}
