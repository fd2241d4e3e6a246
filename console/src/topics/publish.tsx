/* The publish form: topic, payload, QoS, retain. It says how many received the message and
   whether it was stored. */

import { useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { problemText } from '../api/client';
import type { PublishRequest, PublishResult } from '../api/types';
import { bytesText, plural } from '../format/number';
import { Segmented } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, noteId } from '../ui/field';
import { topicProblem } from './search';

const qualities = ['0', '1', '2'] as const;
type Quality = (typeof qualities)[number];

const qosOf: Record<Quality, 0 | 1 | 2> = { '0': 0, '1': 1, '2': 2 };

const qualityNotes: Record<Quality, string> = {
    '0': 'at most once',
    '1': 'at least once',
    '2': 'exactly once',
};

export function resultText(request: PublishRequest, result: PublishResult): string {
    const who =
        result.receivers === 0
            ? 'nobody listens now'
            : plural(result.receivers, 'receiver', 'receivers');
    const stored = result.durable ? ', stored' : '';
    return `Published to ${request.topic}: ${who}${stored}`;
}

function sizeText(payload: string): string {
    const size = new TextEncoder().encode(payload).length;
    return `Text as it stands here, ${bytesText(size)}.`;
}

interface PublishForm {
    topic: Signal<string>;
    payload: Signal<string>;
    quality: Signal<Quality>;
    isRetained: Signal<boolean>;
    problem: Signal<string | null>;
}

export function Publish({ app, first }: { app: App; first: string }): VNode {
    const form: PublishForm = {
        topic: useSignal(first),
        payload: useSignal(''),
        quality: useSignal<Quality>('1'),
        isRetained: useSignal(false),
        problem: useSignal<string | null>(null),
    };
    const isBusy = useSignal(false);
    const close = (): void => app.closeDialog();
    const send = async (): Promise<void> => {
        form.problem.value = topicProblem(form.topic.value);
        if (form.problem.value !== null) {
            return;
        }
        const request: PublishRequest = {
            topic: form.topic.value,
            payload: form.payload.value,
            qos: qosOf[form.quality.value],
            retain: form.isRetained.value,
        };
        isBusy.value = true;
        const result = await app.client.post<PublishResult>('/api/v1/publish', request);
        isBusy.value = false;
        if (result.ok) {
            close();
            app.toast(resultText(request, result.value));
        } else {
            form.problem.value = problemText(result.problem);
        }
    };
    return (
        <Dialog label="Publish" onClose={close}>
            <form
                class="dlg"
                onSubmit={(event) => {
                    event.preventDefault();
                    void send();
                }}
            >
                <h2>Publish a message</h2>
                <TopicField form={form} />
                <PayloadField form={form} />
                <Options form={form} />
                <div class="acts">
                    <button type="button" class="btn" onClick={close}>
                        Cancel
                    </button>
                    <button class="btn pri" disabled={isBusy.value}>
                        {isBusy.value ? 'Publishing' : 'Publish'}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function TopicField({ form }: { form: PublishForm }): VNode {
    const problem = form.problem.value;
    return (
        <Field
            id="publish-topic"
            label="Topic"
            note="Levels are parted by a slash."
            problem={problem}
        >
            <input
                class="in mono"
                id="publish-topic"
                data-first
                value={form.topic.value}
                autocomplete="off"
                spellcheck={false}
                aria-invalid={problem !== null}
                aria-describedby={noteId('publish-topic')}
                onInput={(event) => {
                    form.topic.value = event.currentTarget.value;
                    form.problem.value = null;
                }}
            />
        </Field>
    );
}

function PayloadField({ form }: { form: PublishForm }): VNode {
    const note = `${sizeText(form.payload.value)} An empty retained message clears the topic.`;
    return (
        <Field id="publish-payload" label="Payload" note={note}>
            <textarea
                class="in mono"
                id="publish-payload"
                rows={5}
                spellcheck={false}
                value={form.payload.value}
                aria-describedby={noteId('publish-payload')}
                onInput={(event) => (form.payload.value = event.currentTarget.value)}
            />
        </Field>
    );
}

function Options({ form }: { form: PublishForm }): VNode {
    return (
        <div class="row wrap">
            <Segmented<Quality>
                label="Quality of service"
                value={form.quality.value}
                choices={qualities.map((value) => ({
                    value,
                    label: `QoS ${value}`,
                    title: qualityNotes[value],
                }))}
                onChoose={(value) => (form.quality.value = value)}
            />
            <span class="small faint">{qualityNotes[form.quality.value]}</span>
            <span class="sp" />
            <label class="row check">
                <input
                    type="checkbox"
                    checked={form.isRetained.value}
                    onChange={(event) => (form.isRetained.value = event.currentTarget.checked)}
                />
                Retain
            </label>
        </div>
    );
}
