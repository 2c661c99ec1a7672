import { Button, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { deleteType, type Form, identifierTypes, type IdentifierType, putType } from '../api/erasure';
import { Confirm } from '../buckets/Confirm';
import { Empty } from '../ui/Empty';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';

const forms: { value: Form; label: string }[] = [
  { value: 'exact', label: 'Only the same bytes' },
  { value: 'folded', label: 'Also in other letter case' },
  { value: 'email', label: 'As e-mail addresses' },
];

/** An identifier type, made or changed. */
export function TypeSheet(props: { name: string; onClose: () => void }) {
  const known = useQuery(identifierTypes).data;
  const made = props.name === 'new' ? undefined : known?.find((t) => t.name === props.name);
  const title = made?.name ?? (props.name === 'new' ? 'New identifier type' : props.name);
  return (
    <Sheet label={made ? `Identifier type ${made.name}` : title} title={title} onClose={props.onClose}>
      {props.name === 'new' || made ? <TypeForm made={made} onDone={props.onClose} /> : known && <Empty>There is no identifier type {props.name}.</Empty>}
    </Sheet>
  );
}

function TypeForm({ made, onDone }: { made: IdentifierType | undefined; onDone: () => void }) {
  const [name, setName] = useState(made?.name ?? '');
  const [form, setForm] = useState<Form>(made?.form ?? 'exact');
  const [parts, setParts] = useState((made?.parts ?? []).join(', '));
  const [removing, setRemoving] = useState(false);
  const named = parts.split(/[\s,]+/).filter(Boolean);
  const save = useMutation({ mutationFn: () => putType({ name, form, parts: named }), onSuccess: onDone });
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate();
      }}
    >
      <Part title="Type">
        <div className={list.form}>
          {!made && (
            <TextInput
              label="Name"
              description="lower-case letters, digits and underscores"
              placeholder="user_id"
              value={name}
              onChange={(e) => setName(e.currentTarget.value)}
              autoFocus
              autoCapitalize="none"
              spellCheck={false}
            />
          )}
          <Select label="Which spellings are the same" data={forms} value={form} comboboxProps={{ shadow: 'sm' }} onChange={(v) => v && setForm(v as Form)} />
          <TextInput
            label="Parts, if only several values together name a person"
            placeholder="first, last, born"
            value={parts}
            onChange={(e) => setParts(e.currentTarget.value)}
            autoCapitalize="none"
            spellCheck={false}
          />
          {save.error && <ProblemView error={save.error} compact />}
          <div className={list.choices}>
            {made && (
              <Button variant="default" onClick={() => setRemoving(true)}>
                Delete type
              </Button>
            )}
            <Button type="submit" loading={save.isPending} disabled={name === ''}>
              {made ? 'Save type' : 'Create type'}
            </Button>
          </div>
        </div>
      </Part>
      {removing && made && (
        <Confirm
          title="Delete identifier type"
          action="Delete"
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await deleteType(made.name);
            onDone();
          }}
        >
          Delete the identifier type <b>{made.name}</b>? Nobody can be found by it any more.
        </Confirm>
      )}
    </form>
  );
}
