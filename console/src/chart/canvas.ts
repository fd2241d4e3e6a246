/* The two charts of the console on uPlot's canvas: flow (in above, out below, one mirrored
   axis) and trend (one line). A chunk of its own: uPlot loads when the first chart is in view. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { axis as axisLabel, count } from '../format/number';
import { clock, clockMinutes } from '../format/time';
import { gapsOf, type ChartHandle, type FlowData, type Mark, type TrendData } from './series';
import { readPalette, withAlpha, type Palette } from './palette';
import { lineRange, mirrorTicks, ticks, timeTicks } from './scale';

const label_px = 12;
const half_label_px = 28;
const line_px = 1.5;
const narrow_px = 500;
const seconds_below_s = 240;

interface Ground {
    element: HTMLElement;
    palette: Palette;
    onCursor: (index: number | null) => void;
}

function font(ground: Ground): string {
    return `${label_px}px ${ground.palette.font}`;
}

/** Draws in CSS pixels, whatever the density of the screen. */
function drawScaled(plot: uPlot, draw: (context: CanvasRenderingContext2D) => void): void {
    const { ctx } = plot;
    ctx.save();
    ctx.scale(uPlot.pxRatio, uPlot.pxRatio);
    draw(ctx);
    ctx.restore();
}

interface Frame {
    left: number;
    top: number;
    right: number;
    bottom: number;
}

function frameOf(plot: uPlot): Frame {
    const ratio = uPlot.pxRatio;
    const left = plot.bbox.left / ratio;
    const top = plot.bbox.top / ratio;
    return {
        left,
        top,
        right: left + plot.bbox.width / ratio,
        bottom: top + plot.bbox.height / ratio,
    };
}

function xOf(plot: uPlot, at_s: number): number {
    return frameOf(plot).left + plot.valToPos(at_s, 'x');
}

function yOf(plot: uPlot, value: number): number {
    return frameOf(plot).top + plot.valToPos(value, 'y');
}

function drawGaps(plot: uPlot, ground: Ground): void {
    const at_s = plot.data[0];
    const values = plot.data[1];
    if (!at_s || !values) {
        return;
    }
    const frame = frameOf(plot);
    drawScaled(plot, (context) => {
        context.font = font(ground);
        context.textAlign = 'center';
        for (const [from_s, to_s] of gapsOf([...at_s], [...values] as (number | null)[])) {
            const left = Math.max(frame.left, xOf(plot, from_s));
            const right = Math.min(frame.right, xOf(plot, to_s));
            context.fillStyle = ground.palette.sunk;
            context.fillRect(left, frame.top, right - left, frame.bottom - frame.top);
            if (right - left > 48) {
                context.fillStyle = ground.palette.ink3;
                context.fillText('no data', (left + right) / 2, frame.bottom - 8);
            }
        }
    });
}

function endDot(context: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, 3, 0, 2 * Math.PI);
    context.fill();
}

function drawEnds(plot: uPlot, colours: readonly string[]): void {
    const at_s = plot.data[0];
    const last = at_s.length - 1;
    drawScaled(plot, (context) => {
        colours.forEach((colour, index) => {
            const value = plot.data[index + 1]?.[last];
            const time_s = at_s[last];
            if (value !== null && value !== undefined && time_s !== undefined) {
                endDot(context, xOf(plot, time_s), yOf(plot, value), colour);
            }
        });
    });
}

function drawMark(
    context: CanvasRenderingContext2D,
    ground: Ground,
    mark: Mark,
    x: number,
    y: number,
): void {
    const { palette } = ground;
    context.save();
    context.translate(x, y);
    if (mark.level === 'crit') {
        context.fillStyle = palette.crit;
        context.fill(new Path2D('M0 -6 6 0 0 6 -6 0Z'));
        context.strokeStyle = palette.ground;
        context.lineWidth = 1.4;
        context.stroke(new Path2D('M-2 -2l4 4M2 -2l-4 4'));
    } else if (mark.level === 'caution') {
        context.fillStyle = palette.cautionFill;
        context.strokeStyle = palette.caution;
        const triangle = new Path2D('M0 -5.1 5.4 5H-5.4Z');
        context.fill(triangle);
        context.stroke(triangle);
    } else {
        context.fillStyle = palette.ink3;
        context.fillRect(-4, -4, 8, 8);
    }
    context.restore();
}

function drawMarks(plot: uPlot, ground: Ground, marks: readonly Mark[]): void {
    const frame = frameOf(plot);
    const isNarrow = frame.right - frame.left < narrow_px;
    drawScaled(plot, (context) => {
        context.font = font(ground);
        const nextOf = (index: number): number => {
            const next = marks[index + 1];
            return next ? xOf(plot, next.at_s) - 8 : frame.right;
        };
        marks.forEach((mark, index) => {
            const x = Math.round(xOf(plot, mark.at_s)) + 0.5;
            if (x < frame.left || x > frame.right) {
                return;
            }
            const colour = mark.level === 'crit' ? ground.palette.crit : ground.palette.ink3;
            context.strokeStyle = colour;
            context.setLineDash([2, 3]);
            context.beginPath();
            context.moveTo(x, frame.top);
            context.lineTo(x, frame.bottom);
            context.stroke();
            context.setLineDash([]);
            drawMark(context, ground, mark, x, frame.top + 6);
            const width = context.measureText(mark.text).width;
            if (!isNarrow && x + 12 + width < nextOf(index)) {
                context.fillStyle = ground.palette.ink2;
                context.textAlign = 'left';
                context.fillText(mark.text, x + 12, frame.top + 10);
            }
        });
    });
}

function timeAxis(ground: Ground, wanted: (width_px: number) => number): uPlot.Axis {
    return {
        size: 28,
        gap: 4,
        font: font(ground),
        stroke: () => ground.palette.ink3,
        grid: { show: false },
        ticks: { stroke: () => ground.palette.line2, size: 4, width: 1 },
        // A label is centred on its tick: at the left edge half of it would be cut off.
        splits: (plot, _axis, from_s, to_s) =>
            timeTicks(from_s, to_s, wanted(plot.width)).filter(
                (at_s) => xOf(plot, at_s) >= half_label_px,
            ),
        values: (_plot, splits) =>
            splits.map((at_s, index) => {
                if (index === splits.length - 1) {
                    return 'now';
                }
                const isShort = (splits.at(-1) ?? 0) - (splits[0] ?? 0) < seconds_below_s;
                return isShort ? clock(at_s * 1000) : clockMinutes(at_s * 1000);
            }),
    };
}

function cursorOf(ground: Ground, colours: () => readonly string[]): uPlot.Cursor {
    return {
        y: false,
        drag: { x: false, y: false },
        points: {
            size: 7,
            width: 2,
            stroke: (_plot, index) => colours()[index - 1] ?? ground.palette.ink,
            fill: () => ground.palette.ground,
        },
    };
}

function common(
    ground: Ground,
    width: number,
    height: number,
): Pick<uPlot.Options, 'width' | 'height' | 'legend' | 'hooks'> {
    return {
        width,
        height,
        legend: { show: false },
        hooks: {
            drawClear: [(plot) => drawGaps(plot, ground)],
            setCursor: [
                (plot) =>
                    ground.onCursor(
                        plot.cursor.left !== undefined && plot.cursor.left >= 0
                            ? (plot.cursor.idx ?? null)
                            : null,
                    ),
            ],
        },
    };
}

function handleOf<T>(plot: uPlot, ground: Ground, update: (data: T) => void): ChartHandle<T> {
    return {
        update,
        resize: (width, height) => plot.setSize({ width, height }),
        repaint: () => {
            ground.palette = readPalette(ground.element);
            plot.redraw(false, true);
        },
        moveCursor: (by) => {
            const last = plot.data[0].length - 1;
            const index = Math.max(0, Math.min(last, (plot.cursor.idx ?? last) + by));
            const at_s = plot.data[0][index];
            if (at_s !== undefined) {
                plot.setCursor({ left: plot.valToPos(at_s, 'x'), top: 10 });
            }
        },
        destroy: () => plot.destroy(),
    };
}

function mirrored(data: FlowData): uPlot.AlignedData {
    return [data.at_s, data.up, data.down.map((value) => (value === null ? null : -value))];
}

function highest(values: readonly (number | null)[]): number {
    return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

const flow_unit = 'msg/s';
const label_gap_px = 8;

/** One scale up and down; each side ends a little beyond its highest value. */
export function flowRange(data: FlowData): [number, number] {
    const up = highest(data.up);
    const down = highest(data.down);
    const most = Math.max(up, down, 1);
    const headroom = data.marks.length > 0 ? 1.3 : 1.12;
    return [-Math.max(down * 1.16, most * 0.2), Math.max(up * headroom, most * 0.2)];
}

export function makeFlow(
    element: HTMLElement,
    first: FlowData,
    size: { width: number; height: number },
    onCursor: (index: number | null) => void,
): ChartHandle<FlowData> {
    const ground: Ground = { element, palette: readPalette(element), onCursor };
    let data = first;
    const colours = (): string[] => [ground.palette.first, ground.palette.second];
    const options: uPlot.Options = {
        ...common(ground, size.width, size.height),
        padding: [8, 14, 0, 0],
        cursor: cursorOf(ground, colours),
        scales: {
            x: { range: () => [data.from_s, data.to_s] },
            y: { range: () => flowRange(data) },
        },
        series: [
            {},
            flowSeries(() => ground.palette.first, 0.14),
            flowSeries(() => ground.palette.second, 0.12),
        ],
        axes: [
            timeAxis(ground, (width_px) => (width_px < narrow_px ? 3 : 6)),
            {
                size: 44,
                gap: label_gap_px,
                font: font(ground),
                stroke: () => ground.palette.ink3,
                grid: { stroke: () => ground.palette.grid, width: 1 },
                ticks: { show: false },
                splits: (_plot, _axis, low, high) =>
                    mirrorTicks(highest(data.up) > 0 ? high : 0, highest(data.down) > 0 ? -low : 0),
                values: (_plot, splits) => splits.map((value) => axisLabel(value)),
            },
        ],
    };
    options.hooks = {
        ...options.hooks,
        draw: [
            (plot) => {
                drawZero(plot, ground);
                drawMarks(plot, ground, data.marks);
                drawEnds(plot, colours());
            },
        ],
    };
    const plot = new uPlot(options, mirrored(data), element);
    return handleOf<FlowData>(plot, ground, (next) => {
        data = next;
        plot.setData(mirrored(next));
    });
}

function flowSeries(colour: () => string, alpha: number): uPlot.Series {
    return {
        stroke: colour,
        width: line_px,
        fill: () => withAlpha(colour(), alpha),
        fillTo: 0,
        points: { show: false },
    };
}

/** The line between the sides; the unit stands once, in the place of the zero. */
function drawZero(plot: uPlot, ground: Ground): void {
    const frame = frameOf(plot);
    drawScaled(plot, (context) => {
        const y = Math.round(yOf(plot, 0)) + 0.5;
        context.strokeStyle = ground.palette.ink2;
        context.lineWidth = 1;
        context.beginPath();
        context.moveTo(frame.left, y);
        context.lineTo(frame.right, y);
        context.stroke();
        context.font = font(ground);
        context.fillStyle = ground.palette.ink3;
        context.textAlign = 'right';
        context.fillText(flow_unit, frame.left - label_gap_px, y + label_px / 3);
    });
}

export function trendRange(data: TrendData): [number, number] {
    const known = data.values.filter((value): value is number => value !== null);
    if (known.length === 0) {
        return [0, 1];
    }
    let lowest = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const value of known) {
        lowest = Math.min(lowest, value);
        most = Math.max(most, value);
    }
    return lineRange(lowest, most);
}

function digitsOf(step: number): number {
    return Math.max(0, Math.min(4, -Math.floor(Math.log10(step) + 1e-9)));
}

export function makeTrend(
    element: HTMLElement,
    first: TrendData,
    size: { width: number; height: number },
    onCursor: (index: number | null) => void,
): ChartHandle<TrendData> {
    const ground: Ground = { element, palette: readPalette(element), onCursor };
    let data = first;
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const series: uPlot.Series = {
        stroke: () => ground.palette.first,
        width: line_px,
        points: { show: false },
    };
    if (first.isStepped && stepped) {
        series.paths = stepped;
    }
    const options: uPlot.Options = {
        ...common(ground, size.width, size.height),
        padding: [6, 0, 0, 1],
        cursor: cursorOf(ground, () => [ground.palette.first]),
        scales: {
            x: { range: () => [data.from_s, data.to_s] },
            y: { range: () => trendRange(data) },
        },
        series: [{}, series],
        axes: [
            timeAxis(ground, (width_px) => Math.max(2, Math.floor(width_px / 110))),
            {
                side: 1,
                size: 52,
                gap: 6,
                font: font(ground),
                stroke: () => ground.palette.ink3,
                grid: { stroke: () => ground.palette.grid, width: 1 },
                ticks: { show: false },
                splits: (_plot, _axis, low, high) => ticks(low, high, 3),
                values: (_plot, splits) => {
                    const step = (splits[1] ?? 1) - (splits[0] ?? 0);
                    return splits.map((value) => count(value, digitsOf(step || 1)));
                },
            },
        ],
    };
    options.hooks = { ...options.hooks, draw: [(plot) => drawEnds(plot, [ground.palette.first])] };
    const plot = new uPlot(options, [data.at_s, data.values], element);
    return handleOf<TrendData>(plot, ground, (next) => {
        data = next;
        plot.setData([next.at_s, next.values]);
    });
}
