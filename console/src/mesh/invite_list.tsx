/* Invites to the mesh: which can still be used, and who used the others. */

import type { VNode } from 'preact';
import type { MeshInvite } from '../api/types';
import { count, plural } from '../format/number';
import { duration, parseTime } from '../format/time';
import { Pill } from '../ui/shape';

/** The newest first. */
export function InviteList(props: {
    invites: readonly MeshInvite[];
    now_ms: number;
}): VNode | null {
    const shown = [...props.invites].reverse().slice(0, 8);
    if (shown.length === 0) {
        return <p class="small faint">No invite was made in the last 30 days.</p>;
    }
    return (
        <ul class="invites">
            {shown.map((invite) => (
                <li key={invite.id}>
                    <InviteState invite={invite} now_ms={props.now_ms} />
                    <span>
                        {invite.used_by.length === 0
                            ? `for ${plural(invite.uses, invite.role)}`
                            : invite.used_by.map((use) => use.name).join(', ')}
                        {invite.uses > 1 && (
                            <span class="faint"> {count(invite.uses_left)} uses left</span>
                        )}
                    </span>
                    <code class="faint small">{invite.id}</code>
                </li>
            ))}
        </ul>
    );
}

function InviteState({ invite, now_ms }: { invite: MeshInvite; now_ms: number }): VNode {
    if (invite.overspent) {
        return <Pill status="crit">used too often</Pill>;
    }
    if (invite.uses_left === 0) {
        return <Pill status="ok">used</Pill>;
    }
    const left_ms = (parseTime(invite.expires_at) ?? 0) - now_ms;
    return left_ms <= 0 ? (
        <Pill status="off">ended</Pill>
    ) : (
        <Pill status="busy">open, {duration(left_ms)}</Pill>
    );
}
