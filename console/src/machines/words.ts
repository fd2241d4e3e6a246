/* A machine in words: its state, how it connects, since when. */

import type { Machine } from '../api/types';
import { duration, parseTime } from '../format/time';
import type { Status } from '../ui/shape';

const transports: Record<string, string> = {
    tcp: 'TCP',
    tls: 'TLS',
    ws: 'WebSocket',
    wss: 'WebSocket over TLS',
};

export function transportName(transport: string): string {
    return transports[transport] ?? transport;
}

export function connectionText(machine: Machine): string {
    return machine.transport === null
        ? machine.protocol
        : `${machine.protocol}, ${transportName(machine.transport)}`;
}

export function stateOf(machine: Machine): { status: Status; word: string } {
    if (machine.online) {
        return { status: 'ok', word: 'online' };
    }
    return machine.last_seen_at === null && machine.connected_at === null
        ? { status: 'unknown', word: 'never seen' }
        : { status: 'off', word: 'offline' };
}

/** "up 41 d 6 h", or since when it is away and why. */
export function sinceText(machine: Machine, now_ms: number): string {
    const from_ms = parseTime(machine.online ? machine.connected_at : machine.last_seen_at);
    if (from_ms === null) {
        return 'never seen';
    }
    const span = duration(now_ms - from_ms);
    return machine.online ? `up ${span}` : `away for ${span}`;
}

export function keeperText(user: string | null): string {
    if (user === null || user === 'anonymous') {
        return 'no key, from this computer';
    }
    return user.startsWith('token:') ? `key ${user.slice('token:'.length)}` : user;
}

export function expiryText(session_expiry_s: number): string {
    if (session_expiry_s === 0) {
        return 'ends with the connection';
    }
    return session_expiry_s >= 0xffff_ffff
        ? 'never ends'
        : `kept ${duration(session_expiry_s * 1000)} after the connection`;
}

/** Silence is allowed for one and a half times the keep-alive. */
export function keepAliveText(keep_alive_s: number): string {
    const limit = duration(keep_alive_s * 1500);
    return keep_alive_s === 0 ? 'off' : `${duration(keep_alive_s * 1000)}, dead after ${limit}`;
}

/** When it was last there: now, while it is online. Null when nobody knows. */
export function seenAt_ms(machine: Machine, now_ms: number): number | null {
    return machine.online ? now_ms : parseTime(machine.last_seen_at);
}
