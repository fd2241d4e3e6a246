/* The live feed of the mock: follows of one WebSocket, served every 200 ms. */

import { machineOf, nodeAt, statsOf, topicOf } from './views.mjs';
import { matches } from './world.mjs';

export const serve_every_ms = 200;
const ping_every_ms = 5_000;
const messages_kept_max = 200;

export class LiveConnection {
    constructor(world, socket) {
        this.world = world;
        this.socket = socket;
        this.follows = new Map();
        this.pinged_ms = 0;
        this.listener = (news) => this.take(news);
        world.listeners.add(this.listener);
        socket.on('message', (raw) => this.receive(String(raw)));
        socket.on('close', () => world.listeners.delete(this.listener));
    }

    receive(raw) {
        let request;
        try {
            request = JSON.parse(raw);
        } catch {
            return;
        }
        if (request.op === 'unfollow') this.follows.delete(request.id);
        if (request.op === 'follow') {
            this.follows.set(request.id, {
                ...request,
                sent_ms: 0,
                messages: [],
                newUnder: new Set(),
            });
        }
    }

    take({ event, client, message, newUnder }) {
        for (const follow of this.follows.values()) {
            if (event && follow.channel === 'events') this.send(follow.id, event);
            if (newUnder !== undefined && follow.channel === 'topics') {
                if (follow.topics.includes(newUnder) || newUnder === '')
                    follow.newUnder.add(newUnder);
            }
            const isWanted =
                message &&
                follow.channel === 'messages' &&
                (follow.client
                    ? follow.client === client
                    : matches(follow.filter ?? '#', message.topic));
            if (isWanted && follow.messages.length < messages_kept_max) {
                follow.messages.push(message);
            }
        }
    }

    /** Sends what changed; called by the server every 200 ms. */
    serve() {
        const { world } = this;
        for (const follow of this.follows.values()) {
            if (follow.channel === 'stats' && world.now_ms - follow.sent_ms >= 1_000) {
                this.send(follow.id, statsOf(world));
                follow.sent_ms = world.now_ms;
            }
            if (follow.channel === 'topics') this.serveTopics(follow);
            if (follow.channel === 'machines' && world.now_ms - follow.sent_ms >= 1_000) {
                this.serveMachines(follow);
            }
            if (follow.channel === 'messages') this.serveMessages(follow);
        }
        if (world.now_ms - this.pinged_ms >= ping_every_ms) {
            this.pinged_ms = world.now_ms;
            this.socket.send(JSON.stringify({ ping: new Date(world.now_ms).toISOString() }));
        }
    }

    serveTopics(follow) {
        const topics = [];
        const isSecond = this.world.now_ms - follow.sent_ms >= 1_000;
        for (const path of follow.topics.slice(0, 500)) {
            const node = nodeAt(this.world, path);
            const isChanged =
                node?.topic && node.topic.changed_ms > this.world.now_ms - serve_every_ms - 50;
            if (node && (isChanged || isSecond)) topics.push(topicOf(node));
        }
        if (isSecond) follow.sent_ms = this.world.now_ms;
        const new_under = [...follow.newUnder];
        follow.newUnder.clear();
        if (topics.length > 0 || new_under.length > 0) this.send(follow.id, { topics, new_under });
    }

    serveMachines(follow) {
        const ids = follow.ids ?? [...this.world.machines.keys()].slice(0, 100);
        const machines = ids
            .map((id) => this.world.machines.get(id))
            .filter(Boolean)
            .map((machine) => machineOf(this.world, machine));
        follow.sent_ms = this.world.now_ms;
        if (machines.length > 0) this.send(follow.id, { machines });
    }

    serveMessages(follow) {
        if (follow.messages.length === 0) return;
        const most = Math.ceil((follow.rate_max ?? 50) / (1000 / serve_every_ms));
        const messages = follow.messages.slice(-most);
        this.send(follow.id, { messages, skipped: follow.messages.length - messages.length });
        follow.messages = [];
    }

    send(id, data) {
        this.socket.send(JSON.stringify({ id, data }));
    }
}
