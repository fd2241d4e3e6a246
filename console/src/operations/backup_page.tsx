/* Backup: start one, see how far it is, save the file, and how to bring a node back. */

import { signal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import type { BackupState } from '../api/types';
import { bytesText } from '../format/number';
import { absolute, age, parseTime } from '../format/time';
import { CodeBox } from '../ui/form_dialog';
import { Icon } from '../ui/icon';
import { Loaded } from '../ui/loaded';
import { Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { OperationsFrame } from './frame';

const nightly =
    '0 3 * * *  kith backup --force --data /var/lib/kith /backup/kith-$(date +\\%u).tar';
const read_every_ms = 1_000;

interface Props {
    app: App;
    backup: Resource<BackupState>;
    isStarting: Signal<boolean>;
}

export function openBackup(app: App, _place: Place, scope: Scope): Page {
    const backup = new Resource<BackupState>(app, scope, () => '/api/v1/backup');
    const props: Props = { app, backup, isStarting: signal(false) };
    if (app.mayAct('admin')) {
        backup.poll(read_every_ms);
    }
    return { view: () => <Backup {...props} /> };
}

export function isRunning(state: BackupState | null): boolean {
    return state !== null && state.state === 'running';
}

async function start({ app, backup, isStarting }: Props): Promise<void> {
    isStarting.value = true;
    const result = await app.client.post<BackupState>('/api/v1/backup', {});
    isStarting.value = false;
    if (!result.ok) {
        app.toastProblem('No backup was begun', result.problem);
    }
    void backup.read();
}

function Backup(props: Props): VNode {
    const { app, backup } = props;
    const value = backup.value.value;
    const isBusy = props.isStarting.value || isRunning(value);
    return (
        <OperationsFrame
            app={app}
            tab="backup"
            needs="admin"
            what="Making backups"
            sentence={sentenceOf(app, value)}
            actions={
                !backup.isAbsent && (
                    <button
                        type="button"
                        class="btn pri"
                        disabled={isBusy || value === null}
                        onClick={() => void start(props)}
                    >
                        <Icon name="store" />
                        {isBusy ? 'A backup is being made' : 'Make a backup'}
                    </button>
                )
            }
        >
            {() => (
                <div class="cols c-2">
                    <Section title="Backup">
                        <Loaded app={app} of={backup} what="the backup">
                            {(state) => <State app={app} state={state} />}
                        </Loaded>
                    </Section>
                    <Section title="Bringing a node back">
                        <Restore />
                    </Section>
                </div>
            )}
        </OperationsFrame>
    );
}

function sentenceOf(app: App, state: BackupState | null): string {
    const last = state?.last?.result === 'made' ? state.last : null;
    const last_ms = parseTime(last?.ended_at);
    if (state === null) {
        return 'A whole node in one file, made while it runs.';
    }
    if (isRunning(state)) {
        return 'A backup is being made; clients notice nothing.';
    }
    return last_ms === null
        ? 'No backup has been made here yet.'
        : `The last backup was made ${age(app.store.now_ms.value - last_ms)} ago.`;
}

function State({ app, state }: { app: App; state: BackupState }): VNode {
    return (
        <div class="stack">
            {isRunning(state) && <Progress state={state} />}
            <Last app={app} state={state} />
            <p class="small faint">
                It holds private keys and password hashes: encrypt it before it leaves your hands,
                and keep it on another disk.
            </p>
        </div>
    );
}

function Progress({ state }: { state: BackupState }): VNode {
    const done = state.bytes_done ?? 0;
    const total = state.bytes_total ?? 0;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    return (
        <div class="progress">
            <p class="row">
                <Shape status="busy" label="Running" />
                <b class="strong">{Math.floor(share * 100)} %</b>
                <span class="dim">
                    {bytesText(done)} of {bytesText(total)} written
                </span>
            </p>
            <progress max={1} value={share} aria-label="How much is copied" />
        </div>
    );
}

function Last({ app, state }: { app: App; state: BackupState }): VNode {
    const { last } = state;
    if (last === null) {
        return (
            <p class="dim">
                None is known to this node. It knows those that are made here or over HTTP, and none
                that <code>kith backup</code> writes.
            </p>
        );
    }
    const at_ms = parseTime(last.ended_at) ?? 0;
    if (last.result === 'failed') {
        return (
            <p class="form-problem">
                <Shape status="crit" label="Failed" />
                <span>
                    The last one failed {age(app.store.now_ms.value - at_ms)} ago:{' '}
                    {last.problem ?? 'the node gave no reason'}
                </span>
            </p>
        );
    }
    return (
        <>
            <dl class="kv facts">
                <dt>Last</dt>
                <dd class="fact">{absolute(at_ms)}</dd>
                <dt>File</dt>
                <dd class="fact">{last.file}</dd>
                <dt>Size</dt>
                <dd class="fact">{bytesText(last.bytes)}</dd>
            </dl>
            <div>
                <a class="btn" href="/api/v1/backup/file" download>
                    <Icon name="download" />
                    Save the file
                </a>
            </div>
        </>
    );
}

function Restore(): VNode {
    return (
        <div class="stack">
            <p class="dim">
                On this computer or another one, with a node of the same version or a newer one:
            </p>
            <CodeBox
                secret={{
                    label: 'Shell',
                    text: [
                        'systemctl stop kith',
                        'kith restore kith-backup.tar --data /var/lib/kith --force',
                        'systemctl start kith',
                    ].join('\n'),
                }}
            />
            <p class="dim">
                The file is verified before anything is touched. What came after the backup is not
                in it; restore to replace a node, never to make a second one.
            </p>
            <p class="dim">
                Every night, with the last seven kept. This page and Security do not count those.
            </p>
            <CodeBox
                secret={{
                    label: 'crontab of the node’s user',
                    text: nightly,
                }}
            />
        </div>
    );
}
