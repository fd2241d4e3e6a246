/* Machines of all nodes that say what they are while they are connected: who can do what, and
   where. The first of them; a type or capability is asked for with `kith mesh find`. */

import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { plural } from '../format/number';
import { parseTime, when } from '../format/time';
import { Section } from '../ui/section';
import { DataTable } from '../ui/table';
import type { MeshModel } from './mesh_model';

export function MachineList({ model, now_ms }: { model: MeshModel; now_ms: number }): VNode | null {
    const rows = useComputed(() => model.directory.value.value?.items ?? []);
    const page = model.directory.value.value;
    if (page === null) {
        return null;
    }
    const since = (text: string | null): string => {
        const time_ms = parseTime(text);
        return time_ms === null ? '' : when(time_ms, now_ms);
    };
    const more = page.total > rows.value.length ? `, the first ${rows.value.length}` : '';
    return (
        <Section
            title="Machines that can be found"
            note={`${plural(page.total, 'machine')}${more}`}
            kind="flush"
        >
            {rows.value.length === 0 ? (
                <p class="small faint list-none">
                    None. A machine says what it is on <code>$mesh/dir/&lt;its id&gt;</code> while
                    it is connected.
                </p>
            ) : (
                <DataTable
                    label="machines that can be found"
                    rows={rows}
                    keyOf={(machine) => machine.machine}
                    columns={[
                        { head: 'Machine', cell: (machine) => machine.name ?? machine.machine },
                        { head: 'Type', cell: (machine) => machine.type },
                        {
                            head: 'Can',
                            kind: 'x-s',
                            cell: (machine) => (
                                <span class="dim">{machine.capabilities.join(', ')}</span>
                            ),
                        },
                        {
                            head: 'Node',
                            cell: (machine) => machine.node_name ?? machine.node ?? '',
                        },
                        {
                            head: 'Since',
                            kind: 'num x-m',
                            cell: (machine) => <span class="dim">{since(machine.since)}</span>,
                        },
                    ]}
                />
            )}
        </Section>
    );
}
