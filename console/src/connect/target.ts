/* Where a machine should connect: the node's own listeners, seen from the machine's side. */

import type { Listener, NodeInfo } from '../api/types';

export type Transport = 'mqtt' | 'mqtts' | 'ws';

export interface Target {
    transport: Transport;
    host: string;
    port: number;
    isTls: boolean;
    /** The listener answers on its own computer only. */
    isLocal: boolean;
}

export function splitAddress(address: string): { host: string; port: number } {
    const cut = address.lastIndexOf(':');
    const host = cut < 0 ? address : address.slice(0, cut);
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(address.slice(cut + 1)) || 0 };
}

const isLoopback = (host: string): boolean => /^(127\.|::1$|localhost$)/.test(host);
const isEverywhere = (host: string): boolean => ['0.0.0.0', '::', '*', ''].includes(host);
const isNumeric = (host: string): boolean => /^[\d.]+$/.test(host) || host.includes(':');

export function listenerFor(node: NodeInfo, transport: Transport): Listener | null {
    const fits = (listener: Listener): boolean => {
        switch (transport) {
            case 'mqtt':
                return listener.kind === 'mqtt' && !listener.tls;
            case 'mqtts':
                return listener.kind.startsWith('mqtt') && listener.tls;
            case 'ws':
                return listener.kind.startsWith('http') || listener.kind.startsWith('ws');
        }
    };
    return node.listeners.find(fits) ?? null;
}

/** The name that a machine can use, and that the certificate carries where there is TLS. */
function hostFor(bound: string, node: NodeInfo, page_host: string, isTls: boolean): string {
    if (isLoopback(bound)) {
        return isTls ? 'localhost' : bound;
    }
    if (!isEverywhere(bound)) {
        return bound;
    }
    const names = node.hosts.filter((host) => !isLoopback(host));
    const isUsable = !isLoopback(page_host) && (!isTls || node.hosts.includes(page_host));
    if (isUsable) {
        return page_host;
    }
    return names.find((name) => !isNumeric(name)) ?? names[0] ?? node.name;
}

/** Null when the node has no listener of this kind. */
export function targetOf(node: NodeInfo, transport: Transport, page_host: string): Target | null {
    const listener = listenerFor(node, transport);
    if (!listener) {
        return null;
    }
    const { host, port } = splitAddress(listener.address);
    return {
        transport,
        host: hostFor(host, node, page_host, listener.tls),
        port,
        isTls: listener.tls,
        isLocal: isLoopback(host),
    };
}

export const transports: readonly Transport[] = ['mqtt', 'mqtts', 'ws'];

/** Encrypted where the machine is elsewhere; the plain one where everything is on this computer. */
export function bestTransport(node: NodeInfo, page_host: string): Transport {
    const wanted: readonly Transport[] = isLoopback(page_host)
        ? ['mqtt', 'mqtts', 'ws']
        : ['mqtts', 'mqtt', 'ws'];
    return wanted.find((transport) => listenerFor(node, transport) !== null) ?? 'mqtt';
}

export function transportLabel(node: NodeInfo | null, transport: Transport): string {
    const listener = node ? listenerFor(node, transport) : null;
    const port = listener ? ` ${splitAddress(listener.address).port}` : '';
    return { mqtt: 'MQTT', mqtts: 'MQTT over TLS', ws: 'WebSocket' }[transport] + port;
}

const reserved = ['node', 'any'];

/** Null when the name is good, else what is expected of it. */
export function nameProblem(name: string): string | null {
    if (name === '') {
        return 'A name is needed.';
    }
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
        return '1 to 64 letters, digits, dots, dashes or underscores.';
    }
    return reserved.includes(name) ? `${name} is reserved.` : null;
}

/** Where the examples publish: anyone may, and it is easy to find. */
export function topicFor(name: string): string {
    return `machines/${name}/temp_c`;
}
