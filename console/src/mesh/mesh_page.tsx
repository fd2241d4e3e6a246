/* The page Mesh: who is there, how good the ways are, where a message would go; let in, put out. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import type { Mesh } from '../api/types';
import { plural } from '../format/number';
import { Segmented } from '../ui/button';
import { Icon } from '../ui/icon';
import { Later } from '../ui/later';
import { Loaded } from '../ui/loaded';
import { Head, Section } from '../ui/section';
import { Pill } from '../ui/shape';
import { NoRight } from '../ui/states';
import { InviteList } from './invite_list';
import { DropList, LinkList, NodeList, PeerList } from './lists';
import { MachineList } from './machine_list';
import { MeshModel } from './mesh_model';
import { stageOf, tallyOf, type Tally } from './model';
import { NodePart } from './node_part';
import { TracePart } from './trace_part';
import { measureLabels, measures, sentenceOf } from './words';
import './mesh.css';

export function openMesh(app: App, place: Place, scope: Scope): Page {
    const model = new MeshModel(app, scope, place.query);
    if (app.mayAct('operator')) {
        model.start();
    }
    return {
        view: () => <MeshPage app={app} model={model} />,
        onQuery: (values) => model.take(values),
    };
}

const loadTopology = async () => (await import('./topology')).Topology;
const loadStart = async () => (await import('./start')).Start;

function invite(model: MeshModel): void {
    void import('./invite').then(({ openInvite }) =>
        openInvite(model.app, () => void model.invites.read()),
    );
}

interface Props {
    app: App;
    model: MeshModel;
}

function MeshPage({ app, model }: Props): VNode {
    if (!app.mayAct('operator')) {
        return (
            <>
                <Head title="Mesh" />
                <div class="alone">
                    <NoRight what="Seeing the mesh" role="operator" />
                </div>
            </>
        );
    }
    const mesh = model.mesh.value.value;
    const graph = model.graph.value;
    const tally = tallyOf(graph);
    const isShown = mesh?.state === 'on' && model.nodes.value.value !== null;
    return (
        <>
            <Head
                title={isShown ? <>Mesh {headPill(tally)}</> : 'Mesh'}
                actions={isShown ? <Actions model={model} /> : undefined}
            >
                <p>{isShown ? sentenceOf(tally) : 'Nodes that carry messages for one another.'}</p>
            </Head>
            {mesh === null || (mesh.state === 'on' && model.nodes.value.value === null) ? (
                <div class="alone">
                    {mesh === null ? (
                        <Loaded app={app} of={model.mesh} what="the mesh" rows={6}>
                            {() => null}
                        </Loaded>
                    ) : (
                        <Loaded app={app} of={model.nodes} what="the mesh" rows={6}>
                            {() => null}
                        </Loaded>
                    )}
                </div>
            ) : (
                <Stages app={app} model={model} mesh={mesh} />
            )}
        </>
    );
}

function headPill(tally: Tally): VNode | null {
    if (tally.down.length > 0) {
        return <Pill status="crit">{plural(tally.down.length, 'node')} down</Pill>;
    }
    return tally.suspect.length > 0 ? (
        <Pill status="caution">{plural(tally.suspect.length, 'node')} suspect</Pill>
    ) : null;
}

function Actions({ model }: { model: MeshModel }): VNode {
    return (
        <>
            <Segmented
                label="What stands beside links"
                choices={measures.map((value) => ({ value, label: measureLabels[value] }))}
                value={model.measure.value}
                onChoose={(value) => model.show(value)}
            />
            {model.mayInvite && (
                <button type="button" class="btn" onClick={() => invite(model)}>
                    <Icon name="plus" />
                    Invite a node
                </button>
            )}
        </>
    );
}

function Stages({ app, model, mesh }: Props & { mesh: Mesh }): VNode {
    const graph = model.graph.value;
    const stage = stageOf(mesh, graph);
    if (stage === 'none' || stage === 'joining' || stage === 'off') {
        return (
            <div class="alone">
                <Later
                    load={loadStart}
                    with={{ app, mesh, stage, onChanged: () => void model.mesh.read() }}
                />
            </div>
        );
    }
    return (
        <Loaded app={app} of={model.nodes} what="the mesh">
            {() => (
                <>
                    <div class="mesh-split">
                        <div>
                            <Later load={loadTopology} with={{ model }}>
                                <div class="topo topo-later" aria-busy="true" />
                            </Later>
                            <Key />
                        </div>
                        <aside aria-label="Trace and chosen node">
                            {stage === 'alone' ? (
                                <Alone model={model} />
                            ) : (
                                <TracePart model={model} />
                            )}
                            <NodePart model={model} />
                        </aside>
                    </div>
                    <LinkList model={model} />
                    <NodeList model={model} />
                    <MachineList model={model} now_ms={app.store.now_ms.value} />
                    <div class="cols c-2 mesh-foot">
                        <PeerList mesh={mesh} />
                        <DropList mesh={mesh} />
                    </div>
                    {model.mayInvite && (
                        <Section title="Invites" note="of the last 30 days">
                            <InviteList
                                invites={model.invites.value.value?.items ?? []}
                                now_ms={app.store.now_ms.value}
                            />
                        </Section>
                    )}
                </>
            )}
        </Loaded>
    );
}

function Alone({ model }: { model: MeshModel }): VNode {
    return (
        <Section title="No other node yet">
            <p class="small">
                {model.mayInvite
                    ? 'Make a token, and take it to the other node: as text, as a QR code, or ' +
                      'as the command that it shows.'
                    : 'Whoever founded this mesh lets other nodes in: with kith mesh invite there.'}
            </p>
            {model.mayInvite && (
                <div class="row mt-3">
                    <button type="button" class="btn pri" onClick={() => invite(model)}>
                        Invite the first node
                    </button>
                </div>
            )}
        </Section>
    );
}

function Key(): VNode {
    const line = (kind: string, word: string): VNode => (
        <span>
            <svg width="24" height="8" aria-hidden="true">
                <path class={`ln ln-${kind}`} d="M0 4H24" />
            </svg>
            {word}
        </span>
    );
    return (
        <div class="mesh-key">
            {line('near', 'cost up to 12')}
            {line('far', 'dearer')}
            {line('lossy', 'lossy or suspect')}
            {line('down', 'down')}
            {line('way', 'traced way')}
            <span>
                <svg width="24" height="12" aria-hidden="true" class="ticks">
                    <rect class="is" width="4" height="12" />
                    <rect class="is" x="6" width="4" height="12" />
                    <rect class="no" x="12.5" y=".5" width="3" height="11" />
                    <rect class="no" x="18.5" y=".5" width="3" height="11" />
                </svg>
                queue: 1 kB, 10 kB, 100 kB, 1 MB
            </span>
            <span class="faint">
                Delay, loss and queues are measured on the links of this node; of others the cost is
                told.
            </span>
        </div>
    );
}
