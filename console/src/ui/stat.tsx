/* A stat tile: label, readout with its unit, what it is compared with, sparkline. */

import type { ComponentChildren, VNode } from 'preact';
import { Shape, type Status } from './shape';
import { Spark, type SparkOptions } from './spark';

export interface StatProps {
    label: string;
    value: string;
    unit?: string;
    note: ComponentChildren;
    status?: Status;
    spark?: readonly (number | null)[];
    sparkOptions?: SparkOptions;
    isStale?: boolean;
    isLoading?: boolean;
}

export function Stat(props: StatProps): VNode {
    if (props.isLoading === true) {
        return (
            <div class="stat" aria-busy="true">
                <span class="l">{props.label}</span>
                <span class="r">
                    <span class="sk sk-read" />
                </span>
                <span class="c">
                    <span class="sk sk-note" />
                </span>
            </div>
        );
    }
    const isStale = props.isStale === true;
    const shape = isStale ? 'stale' : props.status;
    return (
        <div class={`stat${isStale ? ' stale' : ''}`}>
            <span class="l">
                {shape !== undefined && <Shape status={shape} label={shape} />}
                {props.label}
            </span>
            <span class="r n">
                {props.value}
                {props.unit !== undefined && <u>{props.unit}</u>}
            </span>
            <span class="c ell">{props.note}</span>
            {props.spark !== undefined && (
                <Spark
                    values={props.spark}
                    options={props.sparkOptions ?? {}}
                    isHot={props.status === 'caution' || props.status === 'crit'}
                />
            )}
        </div>
    );
}
