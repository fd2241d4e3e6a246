/* The mock node is faithful: what it answers fits the description of the real one. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Mesh } from './mesh.mjs';
import { Operations } from './operations.mjs';
import { securityOf, Trust } from './trust.mjs';
import * as views from './views.mjs';
import { matches, World } from './world.mjs';

const file = fileURLToPath(new URL('../../src/api/openapi.json', import.meta.url));
const { schemas } = JSON.parse(readFileSync(file, 'utf8')).components;

const isType = {
    string: (value) => typeof value === 'string',
    number: (value) => typeof value === 'number',
    integer: (value) => Number.isInteger(value),
    boolean: (value) => typeof value === 'boolean',
    null: (value) => value === null,
    array: Array.isArray,
    object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** What does not fit, each with its path. As much of JSON Schema as openapi.json uses. */
function faults(schema, value, path = '') {
    if (schema.$ref) return faults(schemas[schema.$ref.split('/').at(-1)], value, path);
    if (schema.oneOf) {
        const all = schema.oneOf.map((one) => faults(one, value, path));
        return all.some((found) => found.length === 0) ? [] : all.flat();
    }
    const types = [schema.type].flat();
    if (!types.some((type) => isType[type](value))) return [`${path}: ${JSON.stringify(value)}`];
    if (value === null) return [];
    if (schema.enum && !schema.enum.includes(value)) return [`${path}: ${value} is not listed`];
    if (schema.pattern && !new RegExp(schema.pattern).test(value)) return [`${path}: ${value}`];
    if (schema.minimum !== undefined && value < schema.minimum) return [`${path}: ${value}`];
    if (Array.isArray(value)) {
        return value.flatMap((item, index) => faults(schema.items, item, `${path}[${index}]`));
    }
    return isType.object(value) ? memberFaults(schema, value, path) : [];
}

function memberFaults(schema, value, path) {
    const known = schema.properties ?? {};
    const missing = (schema.required ?? []).filter((name) => !(name in value));
    const extra = Object.keys(value).filter(
        (name) => !(name in known) && schema.additionalProperties === false,
    );
    return [
        ...missing.map((name) => `${path}.${name} is missing`),
        ...extra.map((name) => `${path}.${name} is unknown`),
        ...Object.entries(known).flatMap(([name, one]) =>
            name in value ? faults(one, value[name], `${path}.${name}`) : [],
        ),
    ];
}

const world = new World({ sensorsPerHall: 5, now_ms: Date.parse('2026-11-23T07:42:17.318Z') });
const operations = new Operations(world);
const mesh = new Mesh(world);
const trace = operations.answer('traces', 'POST', '', null, {
    topic: 'plant/#',
    seconds: 60,
}).value;
const trust = new Trust(world);
const query = (text) => new URLSearchParams(text);
const oven = world.machines.get('oven-1');
const topic = world.topics.get('plant/h1/oven-1/temp_c');

describe('the mock node', () => {
    it.each([
        ['Node', () => views.nodeOf(world, [], { session_queue_messages_max: 10_000 })],
        ['Trace', () => trace],
        ['TraceDetail', () => operations.answer('traces', 'GET', `/${trace.id}`, query('')).value],
        ['Storage', () => operations.answer('storage', 'GET', '', query('')).value],
        ['Backup', () => operations.answer('backup', 'GET', '', query('')).value],
        ['UserAccountList', () => trust.answer('users', 'GET', '', query('')).value],
        ['CredentialList', () => trust.answer('credentials', 'GET', '', query('')).value],
        ['TokenList', () => views.tokensOf(world)],
        ['RoleList', () => trust.answer('roles', 'GET', '', query('')).value],
        ['AuditList', () => trust.answer('audit', 'GET', '', query('limit=50')).value],
        [
            'AclAnswer',
            () =>
                trust.answer('acl-test', 'POST', '', query(''), {
                    machine: 'press-001',
                    client_id: 'press-001',
                    action: 'publish',
                    topic: '$m/press-001/state',
                }).value,
        ],
        [
            'CertificateList',
            () => trust.answer('credentials', 'GET', '/oven-002/certificates', query('')).value,
        ],
        ['ClaimCodeList', () => trust.answer('claim-codes', 'GET', '', query('')).value],
        ['LimitList', () => operations.answer('limits', 'GET', '', query('')).value],
        ['SlowClientList', () => operations.answer('slow-clients', 'GET', '', query('')).value],
        ['LoggedClientList', () => operations.answer('log-clients', 'GET', '', query('')).value],
        [
            'LoggedClientDetail',
            () => operations.answer('log-clients', 'GET', '/press-07', query('')).value,
        ],
        ['Security', () => securityOf(world, [])],
        ['Mesh', () => mesh.answer('GET', '', query('')).value],
        ['MeshNodeList', () => mesh.answer('GET', '/nodes', query('')).value],
        ['MeshLinkList', () => mesh.answer('GET', '/links', query('')).value],
        ['MeshTrace', () => mesh.answer('GET', '/trace', query('to=pump-house')).value],
        ['NewMeshInvite', () => mesh.answer('POST', '/invites', query(''), {}).value],
        ['MeshInviteList', () => mesh.answer('GET', '/invites', query('')).value],
        ['Stats', () => views.statsOf(world)],
        ['Usage', () => views.usageOf(world, 600)],
        ['MachineList', () => views.machineListOf(world, query('q=oven&limit=3'))],
        ['MachineDetail', () => views.machineDetailOf(world, oven)],
        ['TopicLevel', () => views.levelOf(world, query('parent=plant'))],
        ['TopicMatches', () => views.searchOf(world, query('q=temp > 60'))],
        ['TopicDetail', () => views.topicDetailOf(world, topic)],
        ['EventList', () => ({ items: world.events, next: null })],
        ['MessageList', () => ({ items: oven.recent, next: null })],
    ])('answers with a %s as the node describes it', (name, make) => {
        expect(faults(schemas[name], make())).toEqual([]);
    });

    it('answers an empty node in the same shapes', () => {
        const empty = new World({ isEmpty: true });
        expect(faults(schemas.Stats, views.statsOf(empty))).toEqual([]);
        expect(faults(schemas.Usage, views.usageOf(empty, 600))).toEqual([]);
    });

    it('matches filters as MQTT says', () => {
        expect(matches('plant/+/temp', 'plant/h1/temp')).toBe(true);
        expect(matches('plant/#', 'plant/h1/temp')).toBe(true);
        expect(matches('plant/+', 'plant/h1/temp')).toBe(false);
        expect(matches('$share/g/plant/#', 'plant/h1')).toBe(true);
    });
});
