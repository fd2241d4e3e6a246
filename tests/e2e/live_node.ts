/* A node for the tests: the binary that KITH_BINARY names, on free ports with a data folder of its
   own; without one the console's mock node. Both start unclaimed and without any machine. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface LiveNode {
    kind: 'binary' | 'mock';
    url: string;
    mqttPort: number;
    claimLink: string;
    stop: () => Promise<void>;
}

interface Said {
    claimLink: string;
    ready: string;
}

const start_timeout_ms = 20_000;

/** Reads what the node prints until it serves. */
function untilReady(child: ChildProcess): Promise<Said> {
    return new Promise((resolve, reject) => {
        const said: Said = { claimLink: '', ready: '' };
        const timer = setTimeout(
            () => reject(new Error('the node is not ready')),
            start_timeout_ms,
        );
        child.once('exit', (code) => reject(new Error(`the node ended with ${code}`)));
        if (!child.stdout) {
            reject(new Error('the node has no output'));
            return;
        }
        createInterface({ input: child.stdout }).on('line', (line) => {
            said.claimLink = /https?:\/\/\S+\/claim#\S+/.exec(line)?.[0] ?? said.claimLink;
            if (line.startsWith('kith: ready')) {
                clearTimeout(timer);
                said.ready = line;
                resolve(said);
            }
        });
    });
}

async function startBinary(binary: string, name: string): Promise<LiveNode> {
    const folder = mkdtempSync(path.join(tmpdir(), 'kith-e2e-'));
    const free = '127.0.0.1:0';
    const child = spawn(
        binary,
        [
            ...['run', '--data', folder, '--name', name, '--mqtt', free, '--mqtts', 'off'],
            ...['--http', free, '--mesh', free],
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const said = await untilReady(child);
    const http = / http=(\S+)/.exec(said.ready)?.[1];
    const mqtt = / mqtt=\S+:(\d+)/.exec(said.ready)?.[1];
    const stop = async (): Promise<void> => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
        rmSync(folder, { recursive: true, force: true });
    };
    if (http === undefined || mqtt === undefined) {
        await stop();
        throw new Error(`the node serves no HTTP or no MQTT: ${said.ready}`);
    }
    return {
        kind: 'binary',
        url: `http://${http}`,
        mqttPort: Number(mqtt),
        claimLink: said.claimLink,
        stop,
    };
}

interface MockModule {
    startMock: (options: object) => Promise<{
        url: string;
        mqttPort: number;
        close: () => Promise<void>;
    }>;
    mockUser: { code: string };
}

async function startMockNode(name: string): Promise<LiveNode> {
    const file = '../../console/dev/mock-server.mjs';
    const { startMock, mockUser } = (await import(file)) as MockModule;
    const mock = await startMock({
        isUnclaimed: true,
        isEmpty: true,
        name,
    });
    return {
        kind: 'mock',
        url: mock.url,
        mqttPort: mock.mqttPort,
        claimLink: `${mock.url}/claim#${mockUser.code}`,
        stop: mock.close,
    };
}

export function startNode(name = 'gw-e2e'): Promise<LiveNode> {
    const binary = process.env['KITH_BINARY'] ?? '';
    return binary !== '' && existsSync(binary) ? startBinary(binary, name) : startMockNode(name);
}
