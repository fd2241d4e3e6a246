/* A machine for the tests: an MQTT 3.1.1 client over a plain socket, as small as the tests
   need. Its own, so that a mistake in the project's SDK cannot hide one in the node. */

import { connect, type Socket } from 'node:net';

export interface MachineOptions {
    port: number;
    id: string;
    key?: string;
    /** 0: may be silent for ever. */
    keep_alive_s?: number;
}

const connect_timeout_ms = 10_000;

function text(value: string): Buffer {
    const bytes = Buffer.from(value);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(bytes.length);
    return Buffer.concat([size, bytes]);
}

function packet(first: number, ...parts: Buffer[]): Buffer {
    const body = Buffer.concat(parts);
    const head = [first];
    let rest = body.length;
    do {
        head.push((rest & 127) | (rest > 127 ? 128 : 0));
        rest >>= 7;
    } while (rest > 0);
    return Buffer.concat([Buffer.from(head), body]);
}

function connectPacket({ id, key, keep_alive_s = 60 }: MachineOptions): Buffer {
    const flags = 0x02 | (key === undefined ? 0 : 0xc0);
    const head = Buffer.from([4, flags, keep_alive_s >> 8, keep_alive_s & 255]);
    const credentials = key === undefined ? [] : [text(id), text(key)];
    return packet(0x10, text('MQTT'), head, text(id), ...credentials);
}

export class Machine {
    private nextPacket = 1;

    private constructor(private readonly socket: Socket) {}

    /** Rejects with the return code if the node refuses. */
    static async join(options: MachineOptions): Promise<Machine> {
        const socket = connect(options.port, '127.0.0.1');
        socket.setNoDelay(true);
        const answer = await new Promise<Buffer>((resolve, reject) => {
            socket.setTimeout(connect_timeout_ms, () => reject(new Error('no CONNACK')));
            socket.once('error', reject);
            socket.once('connect', () => socket.write(connectPacket(options)));
            socket.once('data', resolve);
        });
        socket.setTimeout(0);
        socket.on('error', () => {});
        socket.resume();
        if (answer[3] !== 0) {
            socket.destroy();
            throw new Error(`refused with ${answer[3]}`);
        }
        return new Machine(socket);
    }

    publish(topic: string, payload: string | Buffer, options: { retain?: boolean } = {}): void {
        const first = 0x30 | (options.retain === true ? 1 : 0);
        this.socket.write(packet(first, text(topic), Buffer.from(payload)));
    }

    subscribe(filter: string): void {
        const id = Buffer.alloc(2);
        id.writeUInt16BE(this.nextPacket++);
        this.socket.write(packet(0x82, id, text(filter), Buffer.from([0])));
    }

    /** Reads nothing any more, as if its program hung. */
    stall(): void {
        this.socket.pause();
    }

    /** Gone without a goodbye, as if its cable were pulled. */
    cut(): void {
        this.socket.destroy();
    }

    leave(): void {
        this.socket.end(packet(0xe0));
    }
}
