/* The lists beside the drawing: links of this node, all nodes, what was dropped. They say what the
   drawing shows, and more. */

import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import type { Mesh, MeshLink } from '../api/types';
import { bytes, bytesText, count, milliseconds, plural } from '../format/number';
import { duration } from '../format/time';
import { Section } from '../ui/section';
import { Pill } from '../ui/shape';
import { DataTable } from '../ui/table';
import type { MeshModel } from './mesh_model';
import { lossy_min, type GraphNode } from './model';
import { nodeRank, nodeWords, percent } from './words';

function linkStatus(link: MeshLink, node: GraphNode | undefined): VNode {
    if (link.state === 'down') {
        return <Pill status="off">down</Pill>;
    }
    if (node?.state === 'suspect') {
        return <Pill status="caution">suspect</Pill>;
    }
    return link.loss >= lossy_min ? (
        <Pill status="caution">lossy</Pill>
    ) : (
        <Pill status="ok">good</Pill>
    );
}

export function LinkList({ model }: { model: MeshModel }): VNode {
    const rows = useComputed(() =>
        [...(model.links.value.value?.items ?? [])].sort(
            (a, b) =>
                Number(a.state === 'up') - Number(b.state === 'up') ||
                b.loss - a.loss ||
                b.queue - a.queue ||
                b.rtt_ms - a.rtt_ms,
        ),
    );
    const graph = model.graph.value;
    const nodeOf = (link: MeshLink): GraphNode | undefined =>
        graph.nodes[graph.indexOf.get(link.to) ?? -1];
    const rates = model.rates.value;
    return (
        <Section
            title="Links of this node"
            note={`${plural(rows.value.length, 'connection')}, worst first`}
            kind="flush"
        >
            {rows.value.length === 0 ? (
                <p class="small faint list-none">
                    None. A link appears when a peer answers; this node dials those of its
                    configuration.
                </p>
            ) : (
                <DataTable
                    label="links"
                    rows={rows}
                    keyOf={(link) => `${link.to} ${link.address}`}
                    columns={[
                        {
                            head: 'To',
                            cell: (link) => (
                                <button
                                    type="button"
                                    class="btn quiet flush"
                                    onClick={() => model.select(link.to)}
                                >
                                    {nodeOf(link)?.name ?? link.to}
                                </button>
                            ),
                        },
                        { head: 'State', cell: (link) => linkStatus(link, nodeOf(link)) },
                        {
                            head: 'Delay',
                            kind: 'num',
                            cell: (link) => <Time ms={link.state === 'up' ? link.rtt_ms : null} />,
                        },
                        {
                            head: 'Loss, %',
                            kind: 'num x-s',
                            cell: (link) => percent(link.loss),
                        },
                        { head: 'Cost', kind: 'num', cell: (link) => count(link.cost) },
                        {
                            head: 'Waiting',
                            kind: 'num x-s',
                            cell: (link) => bytesText(link.queue),
                        },
                        {
                            head: 'Custody, msg',
                            kind: 'num x-s',
                            cell: (link) => count(link.custody),
                        },
                        {
                            head: 'In and out',
                            kind: 'num x-m',
                            cell: (link) => {
                                const rate = rates.get(`${link.to} ${link.address}`);
                                return rate === undefined ? (
                                    <span class="faint">not yet</span>
                                ) : (
                                    [rate.in_bytes_per_s, rate.out_bytes_per_s]
                                        .map(perSecond)
                                        .join(', ')
                                );
                            },
                        },
                        {
                            head: 'Address',
                            kind: 'x-m',
                            cell: (link) => (
                                <span class="dim nowrap">
                                    {link.dialled ? 'to' : 'from'} {link.address}
                                </span>
                            ),
                        },
                        {
                            head: 'For',
                            kind: 'num x-m',
                            cell: (link) => <span class="dim">{duration(link.age_ms)}</span>,
                        },
                    ]}
                />
            )}
        </Section>
    );
}

function Time({ ms }: { ms: number | null }): VNode {
    if (ms === null) {
        return <span class="faint">none</span>;
    }
    const quantity = milliseconds(ms);
    return (
        <span class="n">
            {quantity.value}
            <u>{quantity.unit}</u>
        </span>
    );
}

function perSecond(value: number): string {
    const quantity = bytes(value);
    return `${quantity.value} ${quantity.unit}/s`;
}

export function NodeList({ model }: { model: MeshModel }): VNode {
    const rows = useComputed(() =>
        [...model.graph.value.nodes].sort(
            (a, b) =>
                nodeRank[a.state] - nodeRank[b.state] ||
                (a.hops ?? 999) - (b.hops ?? 999) ||
                a.name.localeCompare(b.name, 'en', { numeric: true }),
        ),
    );
    return (
        <Section
            title="Nodes"
            note={`${plural(rows.value.length, 'node')}, worst first`}
            kind="flush"
        >
            <DataTable
                label="nodes"
                rows={rows}
                keyOf={(node) => node.id}
                rowClass={(node) => (node.state === 'down' ? 'soft' : '')}
                columns={[
                    {
                        head: 'Node',
                        cell: (node) => (
                            <button
                                type="button"
                                class="btn quiet flush"
                                aria-pressed={model.selected.value === node.id}
                                onClick={() => model.select(node.id)}
                            >
                                {node.name}
                            </button>
                        ),
                    },
                    {
                        head: 'State',
                        cell: (node) => {
                            const { word, status } = nodeWords[node.state];
                            return <Pill status={status}>{word}</Pill>;
                        },
                    },
                    {
                        head: 'Hops',
                        kind: 'num',
                        cell: (node) =>
                            node.hops === null ? <span class="faint">none</span> : node.hops,
                    },
                    { head: 'Links', kind: 'num', cell: (node) => node.links.length },
                    {
                        head: 'Role',
                        kind: 'x-s',
                        cell: (node) => <span class="dim">{node.role}</span>,
                    },
                    {
                        head: 'Id',
                        kind: 'x-s',
                        cell: (node) => <code class="dim">{node.id}</code>,
                    },
                ]}
            />
        </Section>
    );
}

const dropNotes: Readonly<Record<string, string>> = {
    no_route: 'QoS 0 for a node that could not be reached',
    hop_limit: 'passed on too often',
    expired: 'older than its publisher allowed',
    overtaken: 'QoS 0 that came behind a later one',
    congestion: 'QoS 0, or a relay, without room',
    not_interested: 'nobody here wanted it any more',
    spool_full: 'the spool was at its limit',
    malformed: 'no frame of this protocol',
    forged: 'a record with a wrong signature',
    not_authorized: 'more than the role of its node allows',
    duplicate: 'came twice; nothing is lost',
    record_too_large: 'this node has too much to tell',
    too_large: 'larger than a frame holds',
    too_old: 'waited too long for a node that cannot be reached',
    store_lost: 'the disk did not have it any more',
};

/** Reasons that occurred; nothing if none did. */
export function DropList({ mesh }: { mesh: Mesh }): VNode {
    const drops = mesh.drops.filter((drop) => drop.count > 0).sort((a, b) => b.count - a.count);
    return (
        <Section title="Dropped" note="messages and records, since the start">
            {drops.length === 0 ? (
                <p class="small faint">Nothing.</p>
            ) : (
                <dl class="kv">
                    {drops.map((drop) => [
                        <dt key={drop.reason}>{drop.reason.replaceAll('_', ' ')}</dt>,
                        <dd key={`${drop.reason} count`}>
                            {count(drop.count)}{' '}
                            <span class="faint small">{dropNotes[drop.reason] ?? ''}</span>
                        </dd>,
                    ])}
                </dl>
            )}
        </Section>
    );
}

const peerWords: Readonly<Record<Mesh['peers'][number]['state'], string>> = {
    waiting: 'does not answer; tried again and again',
    resolving: 'looking up its name',
    dialling: 'dialling',
    linked: 'linked',
    elsewhere: 'linked another way',
    own_address: 'is this node itself',
};

export function PeerList({ mesh }: { mesh: Mesh }): VNode {
    return (
        <Section title="Peers" note="of the configuration">
            {mesh.peers.length === 0 ? (
                <p class="small faint">
                    None. <code>--peer HOST:PORT</code> names one.
                </p>
            ) : (
                <ul class="invites">
                    {mesh.peers.map((peer) => (
                        <li key={peer.peer}>
                            <Pill
                                status={
                                    peer.state === 'linked' || peer.state === 'elsewhere'
                                        ? 'ok'
                                        : peer.state === 'waiting'
                                          ? 'off'
                                          : 'busy'
                                }
                            >
                                {peer.peer}
                            </Pill>
                            <span class="faint">
                                {peerWords[peer.state]}
                                {peer.failed_rounds > 0 &&
                                    `, ${plural(peer.failed_rounds, 'try', 'tries')} failed`}
                            </span>
                        </li>
                    ))}
                </ul>
            )}
        </Section>
    );
}
