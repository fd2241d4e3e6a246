/* The console has no secrets: the calls that this page made, ready to copy for a shell. */

import type { VNode } from 'preact';
import { asCurl } from '../api/client';
import type { FollowRequest } from '../api/types';
import { bytesText, count, milliseconds, plural } from '../format/number';
import { CopyButton } from '../ui/button';
import { Icon } from '../ui/icon';
import type { App } from './app';
import type { NotedCall } from './store';

export function ApiLine({ app }: { app: App }): VNode {
    const calls = app.store.calls.value;
    const streams = app.live.followed.value;
    const took = milliseconds(calls.reduce((sum, call) => sum + call.took_ms, 0));
    const size = calls.reduce((sum, call) => sum + call.bytes, 0);
    return (
        <details class="api">
            <summary>
                <Icon name="terminal" />
                <span class="ell">
                    This page made {plural(calls.length, 'API call')} and follows{' '}
                    {plural(streams.length, 'live channel')}
                </span>
                <span class="sp" />
                <span class="faint nowrap hide-s">
                    {took.value} {took.unit}, {bytesText(size)}
                </span>
                <Icon name="down" />
            </summary>
            {calls.map((call) => (
                <CallRow
                    key={`${call.method} ${call.path} ${call.body ?? ''}`}
                    app={app}
                    call={call}
                />
            ))}
            {streams.map((request, index) => (
                <StreamRow key={index} request={request} />
            ))}
        </details>
    );
}

function CallRow({ app, call }: { app: App; call: NotedCall }): VNode {
    const took = milliseconds(call.took_ms);
    return (
        <div class="row">
            <b>{call.method}</b>
            <span class="ell" title={call.path}>
                {call.path}
            </span>
            <span class="rs">
                {call.times > 1 && `${count(call.times)} times, `}
                {call.status}, {took.value} {took.unit}, {bytesText(call.bytes)}
            </span>
            <CopyButton label="curl" text={() => asCurl(call, app.origin)} />
        </div>
    );
}

function describe(request: FollowRequest): string {
    switch (request.channel) {
        case 'topics':
            return `topics, ${plural(request.topics.length, 'topic')} in view`;
        case 'machines':
            return `machines, ${plural(request.ids?.length ?? 0, 'machine')} in view`;
        case 'messages':
            return `messages, ${request.client ?? request.filter ?? 'all'}`;
        default:
            return request.channel;
    }
}

function StreamRow({ request }: { request: FollowRequest }): VNode {
    return (
        <div class="row">
            <b>LIVE</b>
            <span class="ell">/api/v1/live, channel {describe(request)}</span>
            <span class="rs">5 times a second at most</span>
            <CopyButton
                label="frame"
                text={() => JSON.stringify({ op: 'follow', id: 1, ...request })}
            />
        </div>
    );
}
