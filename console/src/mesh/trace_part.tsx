/* The way of a message from a node to another, as link state has it: chosen by two lists, drawn in
   the topology, told hop by hop. */

import type { VNode } from 'preact';
import type { MeshTrace } from '../api/types';
import { bytesText, count, plural } from '../format/number';
import { CopyButton } from '../ui/button';
import { Icon } from '../ui/icon';
import { Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { problemText } from '../api/client';
import type { MeshModel } from './mesh_model';
import type { Graph } from './model';
import { msText, percent } from './words';

export function TracePart({ model }: { model: MeshModel }): VNode {
    const graph = model.graph.value;
    const from = model.from.value ?? graph.nodes[graph.self ?? -1]?.id ?? '';
    const to = model.to.value;
    const name = (id: string): string => graph.nodes[graph.indexOf.get(id) ?? -1]?.name ?? id;
    const start = model.from.value === null ? '' : ` --from ${name(from)}`;
    const command = `kith mesh trace ${name(to ?? '')}${start}`;
    return (
        <Section
            title="Trace"
            kind="trace-sec"
            actions={to !== null && <CopyButton text={command} label="Copy as command" />}
        >
            <div class="tr">
                <NodeChoice
                    id="trace-from"
                    label="From"
                    graph={graph}
                    value={from}
                    onChoose={(id) => model.chooseWay(id, to)}
                />
                <span class="tr-to faint">
                    <Icon name="right" />
                </span>
                <NodeChoice
                    id="trace-to"
                    label="To"
                    graph={graph}
                    value={to ?? ''}
                    none="Choose a node"
                    onChoose={(id) => model.chooseWay(model.from.peek(), id === '' ? null : id)}
                />
            </div>
            {to === null ? (
                <p class="small faint mt-3">
                    Shows the way that a message would take now. Nothing is sent for it.
                </p>
            ) : (
                <Answer model={model} graph={graph} name={name} />
            )}
        </Section>
    );
}

function NodeChoice(props: {
    id: string;
    label: string;
    graph: Graph;
    value: string;
    none?: string;
    onChoose: (id: string) => void;
}): VNode {
    const nodes = props.graph.nodes
        .filter((node) => node.state !== 'joining')
        .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    return (
        <div class="fld">
            <label for={props.id}>{props.label}</label>
            <select
                class="in"
                id={props.id}
                value={props.value}
                onChange={(event) => props.onChoose(event.currentTarget.value)}
            >
                {props.none !== undefined && <option value="">{props.none}</option>}
                {nodes.map((node) => (
                    <option key={node.id} value={node.id}>
                        {node.name}
                    </option>
                ))}
            </select>
        </div>
    );
}

function Answer(props: { model: MeshModel; graph: Graph; name: (id: string) => string }): VNode {
    const { model } = props;
    const trace = model.trace.value.value;
    const problem = model.trace.problem.value;
    if (trace === null) {
        return (
            <p class="small mt-3" role="status">
                {problem === null ? 'Reading the way' : problemText(problem)}
            </p>
        );
    }
    if (trace.state === 'unreachable') {
        return (
            <p class="mt-3 row" role="status">
                <Shape status="crit" label="No way" />
                <span>
                    There is no way from {props.name(trace.from)} to {props.name(trace.to)}.
                </span>
            </p>
        );
    }
    const links = trace.hops.length - 1;
    return (
        <>
            <div class="tr-read" role="status">
                <span class="tr-cost">
                    <u>cost</u>
                    <b>{count(trace.cost)}</b>
                </span>
                <span class="small faint">
                    {plural(links, 'hop')}, by link state
                    <br />
                    {trace.alternative === null
                        ? 'no other way without going back'
                        : `next best by ${props.name(trace.alternative)}`}
                </span>
            </div>
            <Hops trace={trace} model={model} />
        </>
    );
}

function Hops({ trace, model }: { trace: MeshTrace; model: MeshModel }): VNode {
    return (
        <ol class="hops">
            {trace.hops.map((hop) => (
                <li class="hop" key={hop.node}>
                    <span class="pt" />
                    <div>
                        <button
                            type="button"
                            class="hop-name"
                            onClick={() => model.select(hop.node)}
                        >
                            {hop.name}
                        </button>
                        <div class="x">{hopNote(hop)}</div>
                    </div>
                    <span class="ms n">
                        {hop.cost !== null && (
                            <>
                                {hop.rtt_ms === null ? (
                                    <>
                                        <u>cost</u> {count(hop.cost)}
                                    </>
                                ) : (
                                    msText(hop.rtt_ms)
                                )}
                            </>
                        )}
                    </span>
                </li>
            ))}
        </ol>
    );
}

function hopNote(hop: MeshTrace['hops'][number]): VNode | string {
    if (hop.cost === null) {
        return 'arrives';
    }
    if (hop.rtt_ms === null) {
        return 'told by link state, not measured here';
    }
    const custody = plural(hop.custody ?? 0, 'message');
    const waits = `${bytesText(hop.queue ?? 0)} wait, custody of ${custody}`;
    const loss = hop.loss ?? 0;
    return loss >= 0.001 ? (
        <>
            <span class="c-caution">{percent(loss)} % lost</span>; cost {count(hop.cost)}; {waits}
        </>
    ) : (
        `cost ${count(hop.cost)}; ${waits}`
    );
}
