/* The demo site of the mock: an alarm clock and a coffee maker at home, and a plant with ovens,
   presses, chillers, pumps, vehicles and sensor gateways. Gives machines and the topics they
   publish. */

import { makeWalk } from './random.mjs';

const number = (digits, walk) => () => walk().toFixed(digits);

/** One topic: name below the machine's place, seconds between messages, retained, value. */
function signal(name, period_s, isRetained, value, qos = 1) {
    return { name, period_s, isRetained, value, qos };
}

function oven(random, index) {
    const base = 178 + (index % 5) * 3;
    const temp = (offset) => number(1, makeWalk(random, base + offset, 0.5, 0.08));
    let left_s = 200 + Math.floor(random() * 400);
    return [
        signal('temp_c', 0.2, true, temp(0)),
        signal('power_kw', 0.2, false, number(1, makeWalk(random, 62, 2)), 0),
        signal('door', 360, true, () => '"closed"'),
        signal('set_point_c', 900, true, () => base.toFixed(1)),
        signal('state', 5, true, () => {
            left_s = left_s > 5 ? left_s - 5 : 600;
            return JSON.stringify({ phase: 'soak', left_s, recipe: `PA66-${1 + (index % 4)}` });
        }),
        ...[1, 2, 3, 4].map((zone) => signal(`zone/${zone}/temp_c`, 1, true, temp(zone - 2.5))),
    ];
}

function press(random, index) {
    let cycles = 18_000 + index * 731;
    return [
        signal('force_kn', 0.05, false, number(1, makeWalk(random, 840, 30)), 0),
        signal('cycles', 2, true, () => String((cycles += 1))),
        signal('oil/temp_c', 1, true, number(1, makeWalk(random, 48, 0.6))),
        signal('oil/pressure_bar', 1, true, number(1, makeWalk(random, 212, 3))),
        signal('state', 10, true, () => JSON.stringify({ mode: 'auto', tool: `T-${100 + index}` })),
        signal('energy_kwh', 30, true, number(2, makeWalk(random, 1_240, 1))),
    ];
}

function chiller(random) {
    return [
        signal('outlet_c', 0.2, true, number(2, makeWalk(random, 6.2, 0.3, 0.1))),
        signal('inlet_c', 0.2, true, number(2, makeWalk(random, 11.8, 0.3, 0.1))),
        signal('flow_lpm', 0.5, false, number(0, makeWalk(random, 120, 6)), 0),
        signal('power_kw', 0.5, false, number(1, makeWalk(random, 41, 2)), 0),
        signal('valves', 60, true, () => '{"v1":"open","v2":"open","v3":"closed"}'),
    ];
}

function pump(random) {
    return [
        signal('speed_rpm', 0.5, false, number(0, makeWalk(random, 1_450, 20)), 0),
        signal('pressure_bar', 0.5, true, number(2, makeWalk(random, 4.2, 0.1))),
        signal('running', 600, true, () => 'true'),
    ];
}

function agv(random, index) {
    const x = makeWalk(random, 40 + index * 7, 2);
    const y = makeWalk(random, 22, 2);
    return [
        signal('pos', 0.5, true, () =>
            JSON.stringify({ x_m: +x().toFixed(2), y_m: +y().toFixed(2) }),
        ),
        signal('battery_pct', 20, true, number(0, makeWalk(random, 71, 1))),
        signal('state', 8, true, () => (random() < 0.7 ? '"driving"' : '"waiting"')),
        signal(
            'scan',
            2,
            false,
            () => ({ base64: Buffer.from(`scan ${index}`).toString('base64') }),
            0,
        ),
    ];
}

function sensors(random, count) {
    return Array.from({ length: count }, (_, index) => {
        const name = `s${String(index + 1).padStart(3, '0')}`;
        return [
            signal(`${name}/temp_c`, 10, true, number(1, makeWalk(random, 21, 0.4)), 0),
            signal(`${name}/humidity_pct`, 10, true, number(0, makeWalk(random, 44, 1)), 0),
        ];
    }).flat();
}

function alarmClock() {
    return [
        signal('alarm', 30, true, () => '{"at":"06:30","days":["mon","tue","wed","thu","fri"]}'),
        signal('ringing', 45, true, () => 'false'),
        signal('time', 1, false, () => new Date().toISOString().slice(11, 19), 0),
    ];
}

function coffeeMaker(random) {
    return [
        signal('state', 12, true, () => '"ready"'),
        signal('water_ml', 15, true, number(0, makeWalk(random, 820, 10))),
        signal('boiler/temp_c', 1, true, number(1, makeWalk(random, 92.4, 0.6))),
        signal('cups_total', 60, true, () => '1204'),
    ];
}

/** Machines of the plant: [id, place in the topic tree, signals, filters it subscribes to]. */
export function plantMachines(random, sensorsPerHall) {
    const hall = (index) => `plant/h${1 + (index % 3)}`;
    const many = (count, id, make, filters = () => []) =>
        Array.from({ length: count }, (_, index) => ({
            id: id(index),
            place: `${hall(index)}/${id(index)}`,
            signals: make(random, index),
            filters: filters(index),
        }));
    const listener = (id, ...filters) => ({ id, place: '', signals: [], filters });
    return [
        {
            id: 'alarm-clock',
            place: 'home/bedroom/alarm_clock',
            signals: alarmClock(),
            filters: ['home/kitchen/coffee_maker/state'],
        },
        {
            id: 'coffee-maker',
            place: 'home/kitchen/coffee_maker',
            signals: coffeeMaker(random),
            filters: ['home/bedroom/alarm_clock/ringing', 'home/bedroom/alarm_clock/alarm'],
        },
        ...many(
            8,
            (i) => `oven-${i + 1}`,
            oven,
            (i) => [`plant/h${1 + (i % 3)}/oven-${i + 1}/set`],
        ),
        ...many(9, (i) => `press-${String(i + 1).padStart(2, '0')}`, press),
        ...many(4, (i) => `chiller-${i + 1}`, chiller),
        ...many(
            6,
            (i) => `pump-${i + 1}`,
            pump,
            (i) => [`$share/pumps/plant/h${1 + (i % 3)}/demand`],
        ),
        ...many(6, (i) => `agv-${i + 1}`, agv),
        ...many(
            3,
            (i) => `gw-hall-${i + 1}`,
            (r) => sensors(r, sensorsPerHall),
        ),
        listener('historian', 'plant/#', 'home/#'),
        listener('hmi-1', 'plant/h1/#'),
        listener('hmi-2', 'plant/h2/#'),
        listener('hmi-3', 'plant/h3/#'),
        listener('hmi-5', 'plant/+/+/state', 'plant/+/+/temp_c'),
        listener('mes-bridge', 'plant/+/+/cycles'),
        listener('energy-meter', 'plant/+/+/power_kw', 'plant/+/+/energy_kwh'),
        listener('shift-board', 'plant/+/+/state'),
        listener('yard-gate', 'plant/h1/agv-1/pos'),
        listener('dashboard-7', 'home/#'),
    ];
}

/** A site that is too large to look at: many machines with a few topics each. */
export function fleetMachines(random, machineCount, topicsPerMachine) {
    return Array.from({ length: machineCount }, (_, index) => {
        const id = `van-${String(index + 1).padStart(5, '0')}`;
        const names = ['speed_kmh', 'fuel_pct', 'engine_c', 'odometer_km', 'state'];
        return {
            id,
            place: `fleet/a${String(Math.floor(index / 250)).padStart(2, '0')}/${id}`,
            signals: names
                .slice(0, topicsPerMachine)
                .map((name, at) =>
                    name === 'state'
                        ? signal(name, 60, true, () => '"moving"')
                        : signal(
                              name,
                              5 + at * 5,
                              at % 2 === 0,
                              number(1, makeWalk(random, 60, 2)),
                              0,
                          ),
                ),
            filters: [`fleet/cmd/${id}`],
        };
    });
}
