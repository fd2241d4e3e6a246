import { describe, expect, it } from 'vitest';
import type { Listener, NodeInfo } from '../api/types';
import { highlight, kinds, languages, type Language, type SnippetInput } from './snippets';
import { tracePath } from './watch_side';
import {
    bestTransport,
    nameProblem,
    splitAddress,
    targetOf,
    topicFor,
    transportLabel,
    type Target,
} from './target';

function listener(kind: string, address: string, tls = false): Listener {
    return { kind, address, tls, insecure: false, anonymous: false, proxy: false };
}

function node(listeners: Listener[], hosts = ['localhost', '127.0.0.1', 'gw-1.local']): NodeInfo {
    return { name: 'gw-1', listeners, hosts } as NodeInfo;
}

const usual = node([
    listener('mqtt', '127.0.0.1:1883'),
    listener('mqtts', '0.0.0.0:8883', true),
    listener('http', '127.0.0.1:8080'),
]);

describe('where a machine connects', () => {
    it('is the address of the listener, port and all', () => {
        expect(splitAddress('[::1]:1883')).toEqual({ host: '::1', port: 1883 });
        expect(targetOf(usual, 'mqtt', '127.0.0.1')).toEqual({
            transport: 'mqtt',
            host: '127.0.0.1',
            port: 1883,
            isTls: false,
            isLocal: true,
        });
    });

    it('is a name of the certificate where the listener is open and has TLS', () => {
        expect(targetOf(usual, 'mqtts', '127.0.0.1')?.host).toBe('gw-1.local');
        expect(targetOf(usual, 'mqtts', 'gw-1.local')?.host).toBe('gw-1.local');
        expect(targetOf(usual, 'mqtts', '10.4.1.2')?.host).toBe('gw-1.local');
    });

    it('is localhost for TLS on this computer: the certificate names it', () => {
        const local = node([listener('mqtts', '127.0.0.1:8883', true)]);
        expect(targetOf(local, 'mqtts', '127.0.0.1')?.host).toBe('localhost');
    });

    it('is the host of the page for an open listener without TLS', () => {
        const open = node([listener('mqtt', '0.0.0.0:1883')]);
        expect(targetOf(open, 'mqtt', '10.4.1.2')?.host).toBe('10.4.1.2');
    });

    it('is nowhere without a listener', () => {
        expect(targetOf(node([]), 'mqtts', 'x')).toBeNull();
        expect(transportLabel(node([]), 'mqtts')).toBe('MQTT over TLS');
    });

    it('prefers TLS for machines elsewhere, and the plain port on this computer', () => {
        expect(bestTransport(usual, 'gw-1.local')).toBe('mqtts');
        expect(bestTransport(usual, 'localhost')).toBe('mqtt');
        expect(bestTransport(node([listener('http', '0.0.0.0:80')]), 'x')).toBe('ws');
    });
});

describe('the name of a machine', () => {
    it('is short, plain and not reserved', () => {
        expect(nameProblem('lathe-04')).toBeNull();
        expect(nameProblem('')).toMatch(/needed/);
        expect(nameProblem('a/b')).toMatch(/letters/);
        expect(nameProblem('x'.repeat(65))).toMatch(/64/);
        expect(nameProblem('any')).toMatch(/reserved/);
    });
});

describe('snippets', () => {
    const key = 'kk_9tR4-mQe7_2LxV';
    const input = (change: Partial<Target> = {}): SnippetInput => ({
        name: 'lathe-04',
        key,
        topic: topicFor('lathe-04'),
        target: {
            transport: 'mqtt',
            host: 'gw-1.local',
            port: 1883,
            isTls: false,
            isLocal: false,
            ...change,
        },
    });
    const all = Object.keys(languages) as Language[];

    it.each(all)('of %s name host, port, key and topic', (language) => {
        const { code } = languages[language].make(input());
        for (const part of ['gw-1.local', '1883', 'lathe-04', key, 'machines/lathe-04/temp_c']) {
            expect(code).toContain(part);
        }
        expect(code).not.toContain('kith-ca.pem');
    });

    it.each(all)('of %s trust the certificate of the node over TLS', (language) => {
        const tls = input({ transport: 'mqtts', port: 8883, isTls: true });
        expect(languages[language].make(tls).code).toContain('kith-ca.pem');
    });

    it.each(all.filter((one) => languages[one].hasWebSocket))(
        'of %s know the path of the WebSocket',
        (language) => {
            const ws = input({ transport: 'ws', port: 8080 });
            expect(languages[language].make(ws).code).toContain('/mqtt');
        },
    );

    it('of Python run with both versions of paho-mqtt', () => {
        const { code } = languages.python.make(input());
        expect(code).toContain('mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "lathe-04")');
        expect(code).toContain('mqtt.Client("lathe-04")');
    });

    it('end without a comma or a blank line that nobody wants', () => {
        for (const language of all) {
            const { code } = languages[language].make(input());
            expect(code).toBe(code.trim());
            expect(code).not.toMatch(/\n\n\n/);
        }
    });

    it('are offered for every kind of machine', () => {
        for (const kind of kinds) {
            expect(kind.languages.length).toBeGreaterThan(0);
        }
    });

    it('keep every character when they are coloured', () => {
        for (const language of all) {
            const { code } = languages[language].make(input());
            expect(
                highlight(code)
                    .map((word) => word.text)
                    .join(''),
            ).toBe(code);
        }
        const words = highlight('const port = 1883; // "plain"');
        expect(words.map((word) => word.kind)).toEqual([
            'word',
            'plain',
            'number',
            'plain',
            'note',
        ]);
    });
});

describe('the trace of a machine that came alive', () => {
    it('is flat, then follows the values', () => {
        const { path, end_y } = tracePath([21, 22, 23]);
        expect(path.startsWith('M0 88H110L')).toBe(true);
        expect(end_y).toBeLessThan(88);
    });

    it('stays level for one value and for equal ones', () => {
        expect(tracePath([5]).path).toContain('H312');
        expect(tracePath([5, 5, 5]).end_y).toBe(60);
    });
});
