/* The drawing of the mesh. One element for all lines that look the same; marks and names of the
   nodes in view. It is one stop of the Tab key: arrows go from node to node, Enter chooses. What it
   shows stands as lists, too. */

import { useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { count } from '../format/number';
import { IconButton } from '../ui/button';
import type { FrameSize } from './layout';
import type { MeshModel } from './mesh_model';
import { PlaceKeeper } from './places';
import { tallyOf, type Graph, type GraphLink, type GraphNode } from './model';
import {
    clampView,
    costAlong,
    linesOf,
    linksOnWay,
    markRadius,
    namesAt,
    nodeAt,
    nodeTowards,
    notesAt,
    pointsOf,
    px,
    wholeView,
    zoomAt,
    type LineKind,
    type NameWish,
    type Point,
    type View,
} from './scene';
import { factOf, isHigh, measureText, queueTicks, sentenceOf, spoken, type Measure } from './words';

const name_px = 7.4;
const fact_px = 6.4;
const line_px = 16;
const reach_px = 28;
const zoom_step = 1.6;
/** From here on there is room for numbers along a way between many nodes. */
const close_zoom = 2;
/** Above, names give way to marks, and facts are left out. */
const detailed_nodes_max = 60;

const lineOrder: readonly LineKind[] = ['far', 'near', 'lossy', 'suspect', 'down', 'way'];

function heightFor(width_px: number): number {
    return width_px < 620
        ? Math.round(Math.min(620, Math.max(420, width_px * 1.5)))
        : Math.round(Math.max(480, Math.min(724, width_px * 0.72)));
}

export function Topology({ model }: { model: MeshModel }): VNode {
    const area = useRef<HTMLDivElement>(null);
    const frame = useSignal<FrameSize | null>(null);
    const view = useSignal<View>(wholeView);
    const version = useSignal(0);
    const keeper = useRef<PlaceKeeper | null>(null);
    keeper.current ??= new PlaceKeeper(model.app.keep, () => model.mesh.value.peek()?.mesh ?? '');
    const places = keeper.current;
    useLayoutEffect(() => {
        const element = area.current;
        if (!element) {
            return undefined;
        }
        const measure = (): void => {
            const width = Math.round(element.clientWidth);
            if (width > 0 && width !== frame.peek()?.width) {
                frame.value = { width, height: heightFor(width) };
            }
        };
        measure();
        const observer = new ResizeObserver(measure);
        observer.observe(element);
        return () => observer.disconnect();
    }, []);
    const size = frame.value;
    return (
        <div class="topo" ref={area}>
            {size !== null && version.value >= 0 && (
                <Drawing model={model} places={places} frame={size} view={view} />
            )}
            <div class="topo-acts" role="group" aria-label="The drawing">
                <IconButton
                    icon="plus"
                    label="Larger"
                    onClick={() => (view.value = zoomAt(view.value, zoom_step, middle))}
                />
                <IconButton
                    icon="minus"
                    label="Smaller"
                    onClick={() => (view.value = zoomAt(view.value, 1 / zoom_step, middle))}
                />
                <IconButton
                    icon="refresh"
                    label="Arrange all nodes anew"
                    onClick={() => {
                        if (size !== null) {
                            places.arrangeAgain(model.graph.value, size);
                            view.value = wholeView;
                            version.value += 1;
                        }
                    }}
                />
            </div>
        </div>
    );
}

const middle: Point = { x: 0.5, y: 0.5 };

interface DrawingProps {
    model: MeshModel;
    places: PlaceKeeper;
    frame: FrameSize;
    view: Signal<View>;
}

function Drawing({ model, places: keeper, frame, view }: DrawingProps): VNode {
    const svg = useRef<SVGSVGElement>(null);
    const down = useRef<Pointers>({ at: new Map(), moved_px: 0 });
    const focused = useSignal<string | null>(null);
    const graph = model.graph.value;
    const places = keeper.placesIn(graph, frame);
    const points = pointsOf(graph, places, frame, view.value);
    const radius = markRadius(graph.nodes.length, view.value.zoom);
    const way = model.way.value;
    const onWay = linksOnWay(graph, way);
    const chosen = model.selected.value;
    const choose = (index: number): void => {
        const node = graph.nodes[index];
        if (node) {
            focused.value = node.id;
            model.select(node.id);
        }
    };
    const tabStop = focused.value ?? chosen ?? graph.nodes[graph.self ?? 0]?.id ?? null;
    const onKeyDown = (event: KeyboardEvent): void => {
        const from = graph.nodes.findIndex((node) => node.id === tabStop);
        const isArrow = /^Arrow(Left|Right|Up|Down)$/.test(event.key);
        if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            choose(from);
        } else if (isArrow && from >= 0) {
            event.preventDefault();
            const next = nodeTowards(points, from, event.key as Parameters<typeof nodeTowards>[2]);
            const node = next === null ? undefined : graph.nodes[next];
            if (node) {
                focused.value = node.id;
                svg.current?.querySelector<SVGElement>(`[data-node="${node.id}"]`)?.focus();
            }
        }
    };
    return (
        <svg
            ref={svg}
            class={view.value.zoom > 1 ? 'is-close' : ''}
            width={frame.width}
            height={frame.height}
            viewBox={`0 0 ${frame.width} ${frame.height}`}
            role="group"
            aria-label={`Drawing of the mesh. ${sentenceOf(tallyOf(graph))}`}
            onKeyDown={onKeyDown}
            {...pointerHandlers(svg, down.current, { view, frame }, (at) => {
                const index = nodeAt(points, at, reach_px);
                if (index !== null) {
                    choose(index);
                }
            })}
        >
            <Lines graph={graph} points={points} onWay={onWay} way={way} />
            <Notes
                model={model}
                graph={graph}
                points={points}
                onWay={onWay}
                radius={radius}
                isClose={view.value.zoom >= close_zoom}
            />
            {graph.nodes.map((node, index) => (
                <NodeMark
                    key={node.id}
                    graph={graph}
                    node={node}
                    at={points[index] ?? { x: 0, y: 0 }}
                    radius={radius}
                    isOnWay={way.includes(node.id)}
                    isEnd={node.id === way[0] || node.id === way.at(-1)}
                    isChosen={node.id === chosen}
                    isTabStop={node.id === tabStop}
                    onFocus={() => (focused.value = node.id)}
                />
            ))}
            <Names
                graph={graph}
                points={points}
                radius={radius}
                frame={frame}
                way={way}
                chosen={chosen}
            />
        </svg>
    );
}

function Lines(props: {
    graph: Graph;
    points: readonly Point[];
    onWay: ReadonlySet<string>;
    way: readonly string[];
}): VNode {
    const lines = linesOf(props.graph, props.points, props.onWay);
    const along = props.way
        .map((id) => props.points[props.graph.indexOf.get(id) ?? -1])
        .filter((point) => point !== undefined)
        .map((point, at) => `${at === 0 ? 'M' : 'L'}${px(point.x)} ${px(point.y)}`)
        .join('');
    const isMany = props.graph.nodes.length > detailed_nodes_max;
    return (
        <g aria-hidden="true" class={isMany ? 'ln-many' : ''}>
            {lineOrder.map((kind) => {
                const path = lines.get(kind);
                return path === undefined ? null : (
                    <path key={kind} class={`ln ln-${kind}`} d={path} />
                );
            })}
            {along.includes('L') && <path class="ln-run" d={along} pathLength="106" />}
        </g>
    );
}

/** What stands beside links: numbers that are high or on the way, queues, crosses. */
function Notes(props: {
    model: MeshModel;
    graph: Graph;
    points: readonly Point[];
    onWay: ReadonlySet<string>;
    radius: number;
    isClose: boolean;
}): VNode {
    const { graph, points, onWay, radius } = props;
    const measure = props.model.measure.value;
    const way = props.model.way.value;
    const isMany = graph.nodes.length > detailed_nodes_max;
    const notes = notesAt(
        graph.links.map((link) => {
            const isOnWay = onWay.has(link.key);
            const isShown =
                (isOnWay && (!isMany || props.isClose)) ||
                (isHigh(link, measure) && link.state !== 'down' && (!isMany || link.own !== null));
            return {
                text: isShown ? noteOf(graph, link, measure, isOnWay ? way : null) : null,
                isFirst: isOnWay,
            };
        }),
        graph.links.map((link) => [points[link.a], points[link.b]]),
    );
    return (
        <g aria-hidden="true">
            {graph.links.map((link, index) => {
                const [from, to] = [points[link.a], points[link.b]];
                const note = notes[index] ?? null;
                const ticks = queueTicks(link.own?.queue_bytes ?? 0);
                const isCross = link.state === 'down' && !isMany;
                if (!from || !to || (note === null && ticks === 0 && !isCross)) {
                    return null;
                }
                return (
                    <g key={link.key}>
                        {isCross && <Cross from={from} to={to} />}
                        {ticks > 0 && <Ticks from={from} to={to} count={ticks} radius={radius} />}
                        {note !== null && (
                            <text
                                class={onWay.has(link.key) ? 'note-way' : 'note-high'}
                                x={px(note.x)}
                                y={px(note.y)}
                                text-anchor={note.anchor}
                            >
                                {note.text}
                            </text>
                        )}
                    </g>
                );
            })}
        </g>
    );
}

/** On the way the best that is known: the chosen measure, else the cost in that direction. */
function noteOf(
    graph: Graph,
    link: GraphLink,
    measure: Measure,
    way: readonly string[] | null,
): string | null {
    const cost = way === null ? null : costAlong(graph, link, way);
    const onWay = cost === null ? null : `cost ${count(cost)}`;
    return measure === 'cost'
        ? (onWay ?? measureText(link, measure))
        : (measureText(link, measure) ?? onWay);
}

function Cross({ from, to }: { from: Point; to: Point }): VNode {
    const [x, y] = [px((from.x + to.x) / 2), px((from.y + to.y) / 2)];
    return (
        <g class="cross" transform={`translate(${x} ${y})`}>
            <circle r="8" />
            <path d="M-4-4 4 4M4-4-4 4" />
        </g>
    );
}

function Ticks(props: { from: Point; to: Point; count: number; radius: number }): VNode {
    const { from, to } = props;
    const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const away = Math.min(props.radius + 16, length / 3);
    const x = from.x + ((to.x - from.x) / length) * away;
    const y = from.y + ((to.y - from.y) / length) * away;
    const turn = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
    return (
        <g
            class={props.count >= 3 ? 'ticks hot' : 'ticks'}
            transform={`translate(${px(x)} ${px(y)}) rotate(${px(turn)})`}
        >
            <rect class="ground" x="-2" y="-7" width="26" height="14" rx="1" />
            {[0, 1, 2, 3].map((at) => (
                <rect
                    key={at}
                    class={at < props.count ? 'is' : 'no'}
                    x={at * 6}
                    y="-5"
                    width="4"
                    height="10"
                />
            ))}
        </g>
    );
}

interface NodeMarkProps {
    graph: Graph;
    node: GraphNode;
    at: Point;
    radius: number;
    isOnWay: boolean;
    isEnd: boolean;
    isChosen: boolean;
    isTabStop: boolean;
    onFocus: () => void;
}

function NodeMark(props: NodeMarkProps): VNode {
    const { node, at, radius } = props;
    const words = [
        'nd',
        `nd-${node.state}`,
        node.role === 'leaf' ? 'nd-leaf' : '',
        props.isOnWay ? 'on-way' : '',
        props.isEnd ? 'way-end' : '',
        props.isChosen ? 'chosen' : '',
    ];
    return (
        <g
            class={words.filter((word) => word !== '').join(' ')}
            data-node={node.id}
            role="button"
            tabIndex={props.isTabStop ? 0 : -1}
            aria-label={spoken(props.graph, node)}
            aria-pressed={props.isChosen}
            transform={`translate(${px(at.x)} ${px(at.y)})`}
            onFocus={props.onFocus}
        >
            <circle class="halo" r={radius + 5} />
            <NodeShape node={node} radius={radius} />
        </g>
    );
}

function crossPath(reach: number): string {
    return `M${-reach} ${-reach} ${reach} ${reach}M${reach} ${-reach} ${-reach} ${reach}`;
}

function NodeShape({ node, radius }: { node: GraphNode; radius: number }): VNode {
    switch (node.state) {
        case 'down':
            return (
                <>
                    <circle class="ring" r={radius} />
                    <path class="x" d={crossPath(radius * 0.45)} />
                </>
            );
        case 'self':
            return (
                <>
                    <circle class="ring" r={radius + 2} />
                    <circle class="dot" r={radius * 0.62} />
                </>
            );
        case 'suspect':
            return (
                <>
                    <circle class="ring" r={radius} />
                    <path
                        class="x"
                        d={`M0 ${-radius * 0.5}V${radius * 0.12}M0 ${radius * 0.4}v.5`}
                    />
                </>
            );
        case 'joining':
            return <circle class="ring" r={radius} />;
        case 'connected':
        case 'reachable':
            return node.role === 'leaf' ? (
                <circle class="ring" r={radius * 0.68} />
            ) : (
                <>
                    <circle class="ring" r={radius} />
                    <circle class="dot" r={radius / 3} />
                </>
            );
    }
}

interface NamesProps {
    graph: Graph;
    points: readonly Point[];
    radius: number;
    frame: FrameSize;
    way: readonly string[];
    chosen: string | null;
}

function rankOf(node: GraphNode, props: NamesProps): number {
    if (node.id === props.chosen || node.state === 'self') {
        return 0;
    }
    if (node.state === 'down' || node.state === 'suspect') {
        return 1;
    }
    return props.way.includes(node.id) ? 2 : node.state === 'connected' ? 3 : 4;
}

function Names(props: NamesProps): VNode {
    const { graph, points, radius, frame } = props;
    const isMany = graph.nodes.length > detailed_nodes_max;
    const isFacts = !isMany && frame.width >= 620;
    const wishes = graph.nodes.flatMap((node, index): NameWish[] => {
        const point = points[index];
        const isInView =
            point && point.x > 0 && point.y > 0 && point.x < frame.width && point.y < frame.height;
        if (!isInView) {
            return [];
        }
        const rank = rankOf(node, props);
        const isEnd = node.id === props.way[0] || node.id === props.way.at(-1);
        const fact = isFacts || rank < 2 ? factOf(graph, node) : '';
        return [
            {
                index,
                text: fact,
                width: Math.max(node.name.length * name_px, fact.length * fact_px),
                height: fact === '' ? line_px : 2 * line_px,
                isNeeded: !isMany || rank === 0 || isEnd,
                rank,
            },
        ];
    });
    const facts = new Map(wishes.map((wish) => [wish.index, wish]));
    return (
        <g aria-hidden="true">
            {namesAt(graph, points, radius, wishes, frame).map((place) => {
                const node = graph.nodes[place.index];
                const wish = facts.get(place.index);
                if (!node || !wish) {
                    return null;
                }
                const anchor =
                    place.side === 'right' ? 'start' : place.side === 'left' ? 'end' : 'middle';
                const x =
                    place.side === 'right'
                        ? place.left
                        : place.side === 'left'
                          ? place.left + wish.width
                          : place.left + wish.width / 2;
                const top = place.top + 12;
                return (
                    <g key={node.id} class={`nm-${node.state}`}>
                        <text class="nm" x={px(x)} y={px(top)} text-anchor={anchor}>
                            {node.name}
                        </text>
                        {wish.text !== '' && (
                            <text x={px(x)} y={px(top + line_px - 1)} text-anchor={anchor}>
                                {wish.text}
                            </text>
                        )}
                    </g>
                );
            })}
        </g>
    );
}

/** Fingers, or a mouse, that are down. */
interface Pointers {
    at: Map<number, Point>;
    moved_px: number;
}

/** A click chooses; dragging moves what is enlarged; Ctrl and wheel, or two fingers, enlarge. */
function pointerHandlers(
    svg: { current: SVGSVGElement | null },
    down: Pointers,
    { view, frame }: Pick<DrawingProps, 'view' | 'frame'>,
    onClick: (at: Point) => void,
) {
    const place = (event: { clientX: number; clientY: number }): Point => {
        const box = svg.current?.getBoundingClientRect();
        return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
    };
    const spread = (): number => {
        const [a, b] = [...down.at.values()];
        return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
    };
    return {
        onPointerDown: (event: PointerEvent) => {
            down.at.set(event.pointerId, place(event));
            down.moved_px = down.at.size > 1 ? Infinity : 0;
        },
        onPointerMove: (event: PointerEvent) => {
            const before = down.at.get(event.pointerId);
            if (!before) {
                return;
            }
            const now = place(event);
            const spread_before = spread();
            down.at.set(event.pointerId, now);
            down.moved_px += Math.hypot(now.x - before.x, now.y - before.y);
            if (down.at.size > 1 && spread_before > 0) {
                const at = { x: now.x / frame.width, y: now.y / frame.height };
                view.value = zoomAt(view.value, spread() / spread_before, at);
            } else if (view.value.zoom > 1) {
                view.value = clampView({
                    ...view.value,
                    x: view.value.x - (now.x - before.x) / frame.width / view.value.zoom,
                    y: view.value.y - (now.y - before.y) / frame.height / view.value.zoom,
                });
            }
        },
        onPointerUp: (event: PointerEvent) => {
            if (down.at.delete(event.pointerId) && down.moved_px < 6) {
                onClick(place(event));
            }
        },
        onPointerLeave: (event: PointerEvent) => {
            down.at.delete(event.pointerId);
        },
        onPointerCancel: (event: PointerEvent) => {
            down.at.delete(event.pointerId);
        },
        onWheel: (event: WheelEvent) => {
            if (event.ctrlKey || event.metaKey) {
                event.preventDefault();
                const at = place(event);
                view.value = zoomAt(view.value, Math.exp(-event.deltaY / 200), {
                    x: at.x / frame.width,
                    y: at.y / frame.height,
                });
            }
        },
    };
}
