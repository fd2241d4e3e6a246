/* A table of any length: rows in view only, a head that stays, a name in the first column. Above a
   screenful it scrolls within itself. */

import { useComputed, type ReadonlySignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { count, plural } from '../format/number';
import { useWindow } from './window';

export interface Column<T> {
    head: string;
    /** `num`: numbers, right; `x-s`, `x-m`: not on a phone, not below 1,080 px. */
    kind?: string;
    cell: (row: T) => ComponentChildren;
}

export interface TableProps<T> {
    /** Plural, for who hears it and for the foot: "users". */
    label: string;
    rows: ReadonlySignal<readonly T[]>;
    columns: readonly Column<T>[];
    keyOf: (row: T) => string;
    rowClass?: (row: T) => string;
    /** More can be read; asked for when the end comes near. */
    hasMore?: boolean;
    onEnd?: () => void;
    foot?: ComponentChildren;
}

/** Up to this many rows stand on the page as they are. */
const plain_rows_max = 40;
const near_end_rows = 30;

export function DataTable<T>(props: TableProps<T>): VNode {
    const rows = props.rows.value;
    const isLong = rows.length > plain_rows_max || props.hasMore === true;
    return isLong ? (
        <LongTable {...props} />
    ) : (
        <div class="tw">
            <table class="tb data">
                <HeadRow columns={props.columns} />
                <tbody>
                    {rows.map((row) => (
                        <Row key={props.keyOf(row)} row={row} table={props} />
                    ))}
                </tbody>
            </table>
            {props.foot !== undefined && <div class="tfoot">{props.foot}</div>}
        </div>
    );
}

function LongTable<T>(props: TableProps<T>): VNode {
    const rowCount = useComputed(() => props.rows.value.length);
    const handle = useWindow(rowCount);
    const rows = props.rows.value;
    const { first, end, before_px, after_px } = handle.window.value;
    const [from, to] = handle.visible.value;
    if (end + near_end_rows > rows.length && props.hasMore === true) {
        queueMicrotask(() => props.onEnd?.());
    }
    return (
        <>
            <div class="tw scrolls" ref={handle.area} tabIndex={0} aria-label={props.label}>
                <table class="tb data" aria-rowcount={props.hasMore === true ? -1 : rows.length}>
                    <HeadRow columns={props.columns} />
                    <tbody>
                        <Spacer height_px={before_px} columns={props.columns.length} />
                        {rows.slice(first, end).map((row) => (
                            <Row key={props.keyOf(row)} row={row} table={props} />
                        ))}
                        <Spacer height_px={after_px} columns={props.columns.length} />
                    </tbody>
                </table>
            </div>
            <div class="tfoot">
                <span>
                    Rows {count(from)} to {count(to)} of{' '}
                    {props.hasMore === true
                        ? `more than ${count(rows.length)}`
                        : plural(rows.length, props.label, props.label)}
                </span>
                {props.foot}
            </div>
        </>
    );
}

function HeadRow<T>({ columns }: { columns: readonly Column<T>[] }): VNode {
    return (
        <thead>
            <tr>
                {columns.map((column, index) => (
                    <th key={index} class={column.kind}>
                        {column.head === '' ? <span class="vh">Actions</span> : column.head}
                    </th>
                ))}
            </tr>
        </thead>
    );
}

function Row<T>({ row, table }: { row: T; table: TableProps<T> }): VNode {
    return (
        <tr data-row class={table.rowClass?.(row)}>
            {table.columns.map((column, index) => (
                <td key={index} class={column.kind}>
                    {column.cell(row)}
                </td>
            ))}
        </tr>
    );
}

function Spacer({ height_px, columns }: { height_px: number; columns: number }): VNode {
    return (
        <tr class="spacer" aria-hidden="true">
            <td colSpan={columns} style={{ height: `${height_px}px` }} />
        </tr>
    );
}
