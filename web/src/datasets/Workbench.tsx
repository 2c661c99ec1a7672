import { ActionIcon, Button, Menu, SegmentedControl, TextInput, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconArrowForwardUp, IconArrowLeft, IconDots, IconDownload, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { problemOf } from '../api/client';
import type { DataSet, DataSetDraft, Source } from '../api/dash';
import { askPreview, createDataSet, dataSetYAML, deleteDataSet, readDataSet, updateDataSet } from '../api/datasets';
import { Confirm } from '../buckets/Confirm';
import type { DataSetSearch, DataSetView } from '../router';
import { mod } from '../ui/keys';
import { ProblemView } from '../ui/Problem';
import { useLatest } from '../ui/useLatest';
import { usePhone } from '../ui/usePhone';
import { Views } from '../ui/Views';
import { AccessView } from './AccessView';
import { Conflict } from './Conflict';
import { draftOf, hasSource, withSource } from './draft';
import { ExtractView } from './ExtractView';
import { begin, changed, redone, undone } from './history';
import { withoutDoubles } from './joins';
import { PrepareView } from './PrepareView';
import { SourceView } from './SourceView';
import { usePreview } from './usePreview';
import css from './datasets.module.css';

/** Changes the draft; changes of one kind that follow each other are undone together. */
export type Change = (to: (d: DataSetDraft) => DataSetDraft, kind?: string) => void;

const views: { id: DataSetView; name: string }[] = [
  { id: 'source', name: 'Source' },
  { id: 'fields', name: 'Prepare' },
  { id: 'extract', name: 'Extract' },
  { id: 'access', name: 'Who sees what' },
];

const writes = (t: EventTarget | null) => t instanceof HTMLElement && (t.isContentEditable || t instanceof HTMLInputElement || t instanceof HTMLTextAreaElement);

/** A data set on the bench: where it comes from, what is made of it, and who may see it. */
export function Workbench(props: { saved?: DataSet; start: DataSetDraft; search: DataSetSearch; onSearch: (s: DataSetSearch, replace?: boolean) => void }) {
  const navigate = useNavigate();
  const phone = usePhone();
  // What the draft was made of: a save names its revision.
  const [base, setBase] = useState(props.saved);
  const [history, setHistory] = useState(() => begin(props.saved ? draftOf(props.saved) : props.start));
  const [kept, setKept] = useState(history.now);
  const [theirs, setTheirs] = useState<DataSet>();
  // '' while it is asked whether to delete; then why it was refused, which can be overruled.
  const [removing, setRemoving] = useState<string>();
  const draft = history.now;
  const dirty = draft !== kept;
  const left = useRef(false); // on purpose, to another page
  const preview = usePreview(draft);
  const { search, onSearch } = props;
  const view = search.view ?? (draft.fields.length > 0 ? 'fields' : 'source');

  const change: Change = (to, kind) => setHistory((h) => changed(h, to(h.now), kind));
  const show = (v: DataSetView) => onSearch({ view: v });

  // Somebody else's change is shown at once where there is nothing to lose.
  const { saved } = props;
  if (saved && base && saved.revision > base.revision && !dirty) {
    setBase(saved);
    const next = draftOf(saved);
    setHistory(begin(next));
    setKept(next);
  }

  /** Another source counts once it answers. */
  const read = useMutation({
    mutationFn: (source: Source) => askPreview({ ...draft, source, fields: [], coordinates: undefined, hierarchies: undefined, filters: undefined, increment: undefined, rules: undefined }),
    onSuccess: (p, source) => {
      change((d) => withSource(d, source, withoutDoubles(source.tables ?? [], p.fields)));
      show('fields');
    },
  });

  // What a link brings is read at once.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) return;
    first.current = false;
    if (!props.saved && hasSource(props.start.source)) read.mutate(props.start.source);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once
  }, []);

  const save = useMutation({
    mutationFn: async ({ over }: { visualize: boolean; over?: number }) => {
      const whole = { ...draft, name: draft.name.trim() };
      return base ? updateDataSet(base.id, whole, over ?? base.revision) : createDataSet(whole);
    },
    onSuccess: (s, { visualize }) => {
      setTheirs(undefined);
      setBase(s);
      const next = draftOf(s);
      setHistory((h) => ({ ...h, now: next, kind: undefined }));
      setKept(next);
      left.current = true;
      if (visualize) void navigate({ to: '/analyses/$analysis', params: { analysis: 'new' }, search: { data_set: s.id } });
      else if (!base) void navigate({ to: '/data-sets/$dataSet', params: { dataSet: s.id }, search: { view: search.view }, replace: true });
      else left.current = false;
    },
    onError: async (e) => {
      if (problemOf(e).kind === 'conflict' && base) setTheirs(await readDataSet(base.id));
    },
  });

  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && !left.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty && !left.current,
    withResolver: true,
  });

  const ready = hasSource(draft.source) && draft.fields.length > 0 && draft.name.trim() !== '';
  const acts = useLatest({
    undo: () => setHistory(undone),
    redo: () => setHistory(redone),
    save: () => ready && dirty && !save.isPending && save.mutate({ visualize: false }),
  });
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (!(e.ctrlKey || e.metaKey) || e.altKey || document.querySelector('[role="dialog"]')) return;
      const key = e.key.toLowerCase();
      if (key === 's') {
        e.preventDefault();
        acts.current.save();
      } else if (!writes(e.target) && (key === 'z' || key === 'y')) {
        e.preventDefault();
        if (key === 'y' || e.shiftKey) acts.current.redo();
        else acts.current.undo();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [acts]);

  return (
    <div className={css.bench}>
      <header className={css.head}>
        <Link to="/data-sets" aria-label="All data sets" className={css.back}>
          <IconArrowLeft size={16} />
        </Link>
        <h1 className="visually-hidden">{draft.name ? `Data set ${draft.name}` : 'New data set'}</h1>
        <TextInput
          className={css.name}
          classNames={{ input: css.nameInput }}
          aria-label="Name"
          placeholder="New data set"
          value={draft.name}
          onChange={(e) => {
            const name = e.currentTarget.value;
            change((d) => ({ ...d, name }), 'name');
          }}
          spellCheck={false}
        />
        <div className={css.actions}>
          {!phone && (
            <>
              <Tooltip label={`Undo (${mod}Z)`}>
                <ActionIcon aria-label="Undo" disabled={history.past.length === 0} onClick={() => acts.current.undo()}>
                  <IconArrowBackUp size={17} stroke={1.6} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label={`Redo (${mod}⇧ Z)`}>
                <ActionIcon aria-label="Redo" disabled={history.future.length === 0} onClick={() => acts.current.redo()}>
                  <IconArrowForwardUp size={17} stroke={1.6} />
                </ActionIcon>
              </Tooltip>
            </>
          )}
          <Button variant="default" disabled={!ready || !dirty} loading={save.isPending && !save.variables?.visualize} onClick={() => save.mutate({ visualize: false })}>
            Save
          </Button>
          <Button
            disabled={!ready}
            loading={save.isPending && save.variables?.visualize}
            aria-label={dirty || !base ? 'Save and visualize' : 'Visualize'}
            onClick={() => (dirty || !base ? save.mutate({ visualize: true }) : void navigate({ to: '/analyses/$analysis', params: { analysis: 'new' }, search: { data_set: base.id } }))}
          >
            {phone || !(dirty || !base) ? 'Visualize' : 'Save and visualize'}
          </Button>
          {base && (
            <Menu position="bottom-end" width={180}>
              <Menu.Target>
                <ActionIcon aria-label="More actions">
                  <IconDots size={17} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item component="a" href={dataSetYAML(base.id)} download={`${base.name}.yaml`} leftSection={<IconDownload size={15} />}>
                  Export YAML
                </Menu.Item>
                <Menu.Divider />
                <Menu.Item leftSection={<IconTrash size={15} />} onClick={() => setRemoving('')}>
                  Delete data set
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </div>
      </header>
      <Views label="About the data set" panel="data-set" views={views} value={view} onChange={show}>
        <SegmentedControl
          size="xs"
          aria-label="Answers from"
          data={[
            { value: 'extract', label: 'Extract' },
            { value: 'live', label: 'Live' },
          ]}
          value={draft.mode}
          onChange={(mode) => change((d) => ({ ...d, mode: mode as DataSetDraft['mode'] }))}
        />
      </Views>
      {save.error && problemOf(save.error).kind !== 'conflict' && <ProblemView error={save.error} />}
      <div id="data-set" role="tabpanel" aria-labelledby={`data-set-${view}`} className={css.panel}>
        {view === 'source' && <SourceView key={JSON.stringify(draft.source)} source={draft.source} reading={read} id={base?.id ?? 'new'} />}
        {view === 'fields' && (
          <PrepareView draft={draft} change={change} preview={preview} open={search.open} onOpen={(open) => onSearch({ view: search.view, open })} onSource={() => show('source')} />
        )}
        {view === 'extract' && <ExtractView id={base?.id} saved={base} draft={draft} change={change} />}
        {view === 'access' && <AccessView id={base?.id} draft={draft} change={change} />}
      </div>
      {theirs && base && (
        <Conflict
          base={base}
          theirs={theirs}
          mine={draft}
          saving={save.isPending}
          error={save.error && problemOf(save.error).kind !== 'conflict' ? save.error : undefined}
          onClose={() => setTheirs(undefined)}
          onTheirs={() => {
            const next = draftOf(theirs);
            setBase(theirs);
            // Mine is an undo away.
            change(() => next);
            setKept(next);
            setTheirs(undefined);
          }}
          onMine={() => save.mutate({ visualize: false, over: theirs.revision })}
        />
      )}
      {blocker.status === 'blocked' && (
        <Confirm title="Leave without saving" action="Leave" onClose={() => blocker.status === 'blocked' && blocker.reset()} onConfirm={async () => blocker.proceed()}>
          What was changed of {draft.name ? <b>{draft.name}</b> : 'this data set'} is lost.
        </Confirm>
      )}
      {removing !== undefined && base && (
        <Confirm
          key={removing}
          title="Delete data set"
          action={removing === '' ? 'Delete' : 'Delete all the same'}
          onClose={() => setRemoving(undefined)}
          onConfirm={async () => {
            try {
              await deleteDataSet(base.id, removing !== '');
            } catch (e) {
              if (problemOf(e).kind !== 'conflict' || removing !== '') throw e;
              // Told why, one can still want it.
              setTimeout(() => setRemoving(problemOf(e).message));
              return;
            }
            left.current = true;
            void navigate({ to: '/data-sets' });
          }}
        >
          {removing === '' ? (
            <>
              Delete the data set <b>{base.name}</b> and its extract? The tables stay.
            </>
          ) : (
            <>It was not deleted: {removing}. Deleted all the same, their visuals will say that it is gone.</>
          )}
        </Confirm>
      )}
    </div>
  );
}
