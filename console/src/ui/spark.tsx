/* A sparkline: the last minutes on a baseline, the limit dashed where there is one. Drawn once
   into a unit box and stretched, so that it needs no measuring; the strokes keep their width. */

import type { VNode } from 'preact';

export interface SparkOptions {
    lowest?: number;
    highest?: number;
    limit?: number;
}

export interface SparkShape {
    /** Pieces of the line; a gap in the data is a gap in the line. */
    pieces: string[];
    limit_y: number | null;
    end_y: number | null;
}

const box_width = 100;
const box_height = 28;
const margin = 3;
/** A limit that is far away would press the line flat: it is drawn from half of it on. */
const limit_near_share = 0.5;

export function sparkShape(values: readonly (number | null)[], options: SparkOptions): SparkShape {
    const known = values.filter((value): value is number => value !== null);
    if (known.length === 0) {
        return { pieces: [], limit_y: null, end_y: null };
    }
    const lowest = Math.min(options.lowest ?? Number.POSITIVE_INFINITY, ...known);
    const most = Math.max(options.highest ?? Number.NEGATIVE_INFINITY, ...known);
    const { limit } = options;
    const isLimitNear = limit !== undefined && most > limit * limit_near_share;
    const highest = isLimitNear ? Math.max(most, limit) : most;
    const span = highest - lowest || 1;
    const yOf = (value: number): number =>
        box_height - margin - ((value - lowest) / span) * (box_height - 2 * margin);
    const step = box_width / Math.max(1, values.length - 1);
    const pieces: string[] = [];
    let piece = '';
    values.forEach((value, index) => {
        if (value === null) {
            pieces.push(piece);
            piece = '';
        } else {
            const to = piece === '' ? 'M' : 'L';
            piece += `${to}${(index * step).toFixed(2)} ${yOf(value).toFixed(2)}`;
        }
    });
    pieces.push(piece);
    const last = values.at(-1) ?? null;
    return {
        pieces: pieces.filter((one) => one !== ''),
        limit_y: isLimitNear ? yOf(limit) : null,
        end_y: last === null || known.length < 2 ? null : yOf(last),
    };
}

export function Spark({
    values,
    options = {},
    isHot = false,
}: {
    values: readonly (number | null)[];
    options?: SparkOptions;
    isHot?: boolean;
}): VNode {
    const shape = sparkShape(values, options);
    return (
        <div class={`sp spark${isHot ? ' hot' : ''}`} aria-hidden="true">
            <svg viewBox={`0 0 ${box_width} ${box_height}`} preserveAspectRatio="none">
                {shape.limit_y !== null && (
                    <path class="limit" d={`M0 ${shape.limit_y.toFixed(2)}H${box_width}`} />
                )}
                {shape.pieces.map((piece, index) => (
                    <path key={index} class="line" d={piece} />
                ))}
            </svg>
            {shape.end_y !== null && <i style={{ top: `${shape.end_y - 2}px` }} />}
        </div>
    );
}
