/* The chosen node: what it is, the way to it, its links; trace it, put it out of the mesh. */

import type { VNode } from 'preact';
import type { MeshLink } from '../api/types';
import { bytesText, count, plural } from '../format/number';
import { duration } from '../format/time';
import { Section } from '../ui/section';
import { Pill, Shape } from '../ui/shape';
import type { MeshModel } from './mesh_model';
import { otherEnd, type Graph, type GraphNode } from './model';
import { costOf, linkWords, msText, nodeRank, nodeWords, percent } from './words';

const links_shown_max = 12;

export function NodePart({ model }: { model: MeshModel }): VNode {
    const graph = model.graph.value;
    const chosen = model.selected.value;
    const node = graph.nodes[graph.indexOf.get(chosen ?? '') ?? graph.self ?? -1];
    if (!node) {
        return (
            <Section title="Node">
                <p class="small faint">Choose a node in the drawing or in the list.</p>
            </Section>
        );
    }
    const { word, status } = nodeWords[node.state];
    const isRevoked =
        model.invites.value.value?.revoked.some((one) => one.node === node.id) === true;
    return (
        <Section
            title={<span class="breakable">{node.name}</span>}
            kind="node-sec"
            note={
                isRevoked ? (
                    <Pill status="off">revoked</Pill>
                ) : (
                    <Pill status={status}>{node.isLeaving ? 'leaving' : word}</Pill>
                )
            }
        >
            <dl class="kv">
                <dt>Id</dt>
                <dd>
                    <code>{node.id}</code>
                </dd>
                <dt>Role</dt>
                <dd>{node.role === 'leaf' ? 'leaf, forwards for nobody' : 'router'}</dd>
                <WayFacts node={node} />
                <LinkFacts model={model} node={node} />
            </dl>
            <Links model={model} graph={graph} node={node} />
            <Acts model={model} node={node} isRevoked={isRevoked} />
        </Section>
    );
}

function WayFacts({ node }: { node: GraphNode }): VNode | null {
    if (node.state === 'self') {
        return null;
    }
    if (node.state === 'joining') {
        return (
            <>
                <dt>Joins</dt>
                <dd>was let in, and has told nothing of itself yet</dd>
            </>
        );
    }
    return (
        <>
            <dt>Way</dt>
            <dd>
                {node.hops === null
                    ? 'none; what waits for it is kept'
                    : node.hops === 1
                      ? 'a link of this node'
                      : plural(node.hops, 'hop')}
            </dd>
        </>
    );
}

function LinkFacts({ model, node }: { model: MeshModel; node: GraphNode }): VNode | null {
    const mesh = model.mesh.value.value;
    if (node.state === 'self') {
        return mesh === null ? null : (
            <>
                <dt>Listens on</dt>
                <dd>{mesh.address ?? 'nothing'}</dd>
                <dt>Answers for</dt>
                <dd>
                    {plural(mesh.custody, 'message')}
                    {mesh.spool.messages > 0 && (
                        <span class="faint small">
                            {' '}
                            {count(mesh.spool.messages)} on disk alone,{' '}
                            {bytesText(mesh.spool.bytes)}
                        </span>
                    )}
                </dd>
            </>
        );
    }
    const links = model.links.value.value?.items.filter((link) => link.to === node.id) ?? [];
    const [link] = links;
    if (!link) {
        return null;
    }
    return (
        <>
            <dt>Delay</dt>
            <dd>
                {msText(link.rtt_ms)} there and back, {percent(link.loss)} % lost
            </dd>
            <dt>Cost</dt>
            <dd>{count(link.cost)}</dd>
            <dt>Waiting</dt>
            <dd>
                {bytesText(link.queue)}; custody of {plural(link.custody, 'message')}
            </dd>
            <dt>Connection</dt>
            <dd>
                <LinkText link={link} />
                {links.length > 1 && ` and ${count(links.length - 1)} more`}
            </dd>
        </>
    );
}

function LinkText({ link }: { link: MeshLink }): VNode {
    return (
        <>
            {link.dialled ? 'to' : 'from'} <span class="nowrap">{link.address}</span>, for{' '}
            {duration(link.age_ms)}
        </>
    );
}

function Links(props: { model: MeshModel; graph: Graph; node: GraphNode }): VNode | null {
    const { graph, node, model } = props;
    const ends = node.links
        .map((at) => ({ link: graph.links[at], other: otherEnd(graph, at, node) }))
        .sort((x, y) => nodeRank[x.other?.state ?? 'self'] - nodeRank[y.other?.state ?? 'self']);
    if (ends.length === 0) {
        return null;
    }
    return (
        <>
            <h3 class="sub">{plural(ends.length, 'link')}</h3>
            <ul class="ends">
                {ends.slice(0, links_shown_max).map(({ link, other }) =>
                    link && other ? (
                        <li key={link.key}>
                            <Shape
                                status={linkWords[link.state].status}
                                label={linkWords[link.state].word}
                            />
                            <button
                                type="button"
                                class="hop-name"
                                onClick={() => model.select(other.id)}
                            >
                                {other.name}
                            </button>
                            <span class="faint small n">
                                {link.state === 'down'
                                    ? 'down'
                                    : `cost ${count(costOf(link) ?? 0)}`}
                            </span>
                        </li>
                    ) : null,
                )}
            </ul>
            {ends.length > links_shown_max && (
                <p class="small faint">and {count(ends.length - links_shown_max)} more</p>
            )}
        </>
    );
}

function Acts(props: { model: MeshModel; node: GraphNode; isRevoked: boolean }): VNode | null {
    const { model, node } = props;
    if (node.state === 'self') {
        return null;
    }
    return (
        <div class="row wrap mt-3">
            {node.state !== 'joining' && (
                <button
                    type="button"
                    class="btn sm"
                    onClick={() => model.chooseWay(model.from.peek(), node.id)}
                >
                    Trace to it
                </button>
            )}
            {model.mayInvite && !props.isRevoked && (
                <button
                    type="button"
                    class="btn sm danger"
                    onClick={() =>
                        void import('./revoke').then(({ openRevoke }) => openRevoke(model, node))
                    }
                >
                    Revoke
                </button>
            )}
        </div>
    );
}
