/* Messages of one machine as they come, newest first, with a pause and a filter by direction. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import { topicPath } from '../app/router';
import type { MachineDetail } from '../api/types';
import { bytesText, count, plural, rate } from '../format/number';
import { absolute, clockMillis, parseTime } from '../format/time';
import { IconButton } from '../ui/button';
import { Icon } from '../ui/icon';
import { Section } from '../ui/section';
import { Num, Payload } from '../ui/text';
import type { LogLine, MachineState } from './machine_page';

const lines_shown_max = 80;
const payload_chars_max = 160;

export function Log(props: { app: App; state: MachineState; machine: MachineDetail }): VNode {
    const { state, machine } = props;
    const isPaused = state.isPaused.value;
    const lines = state.log.value
        .filter((line) => (line.direction === 'in' ? state.showsIn.value : state.showsOut.value))
        .slice(0, lines_shown_max);
    return (
        <Section
            title="Live messages"
            kind="flush log-sec"
            note={
                isPaused ? (
                    'paused'
                ) : (
                    <Num
                        value={rate(machine.messages_in_per_s + machine.messages_out_per_s)}
                        unit="msg/s"
                    />
                )
            }
            actions={
                <>
                    <Check
                        label="from it"
                        value={state.showsIn.value}
                        onChange={(on) => (state.showsIn.value = on)}
                    />
                    <Check
                        label="to it"
                        value={state.showsOut.value}
                        onChange={(on) => (state.showsOut.value = on)}
                    />
                    <IconButton
                        icon={isPaused ? 'play' : 'pause'}
                        label={isPaused ? 'Go on' : 'Pause'}
                        isPressed={isPaused}
                        onClick={() => (state.isPaused.value = !state.isPaused.peek())}
                    />
                </>
            }
        >
            <div class="log" role="log" aria-live="off" tabIndex={0} aria-label="Live messages">
                {lines.map(lineNode)}
                {lines.length === 0 && <NoLines state={state} />}
            </div>
            <LogFoot state={state} shown={lines.length} />
        </Section>
    );
}

const drawn = new WeakMap<LogLine, VNode>();

/** A line never changes: the same node again tells Preact that there is nothing to compare. */
function lineNode(line: LogLine): VNode {
    const known = drawn.get(line);
    if (known) {
        return known;
    }
    const node = <Line key={line.number} line={line} />;
    drawn.set(line, node);
    return node;
}

function Check(props: { label: string; value: boolean; onChange: (on: boolean) => void }): VNode {
    return (
        <label class="row small dim check">
            <input
                type="checkbox"
                checked={props.value}
                onChange={(event) => props.onChange(event.currentTarget.checked)}
            />
            {props.label}
        </label>
    );
}

function NoLines({ state }: { state: MachineState }): VNode {
    const problem = state.logProblem.value;
    const isFiltered = state.log.value.length > 0;
    return (
        <p class="log-empty dim">
            {problem !== null
                ? `The messages could not be read: ${problem}`
                : isFiltered
                  ? 'None in the chosen direction.'
                  : 'No message since the node started. The next one appears here by itself.'}
        </p>
    );
}

function LogFoot({ state, shown }: { state: MachineState; shown: number }): VNode {
    const skipped = state.skipped.value;
    return (
        <div class="tfoot">
            <span>
                {shown > 0 && `The last ${plural(shown, 'message')}`}
                {skipped > 0 && `, ${count(skipped)} more were too many to show`}
            </span>
        </div>
    );
}

function Line({ line }: { line: LogLine }): VNode {
    const at_ms = parseTime(line.at) ?? 0;
    const payload = line.encoding === 'text' ? line.payload.slice(0, payload_chars_max) : 'binary';
    return (
        <div class={line.isFresh ? 'm1 fresh' : 'm1'}>
            <span title={absolute(at_ms)}>{clockMillis(at_ms)}</span>
            <span
                class="dir"
                title={line.direction === 'in' ? 'from the machine' : 'to the machine'}
            >
                <Icon name={line.direction === 'in' ? 'up' : 'drop'} />
                <span class="vh">{line.direction === 'in' ? 'from it' : 'to it'}</span>
            </span>
            <a href={topicPath(line.topic)} title={line.topic}>
                <bdi>{line.topic}</bdi>
            </a>
            <span class="pay" title={line.encoding === 'text' ? line.payload : line.payload}>
                {line.encoding === 'text' ? (
                    <Payload text={payload} />
                ) : (
                    <span class="o">{payload}</span>
                )}
            </span>
            <span>{bytesText(line.bytes)}</span>
        </div>
    );
}
