import { ActionIcon, Button, Select, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { ask, type IdentifierType, identifierTypes } from '../api/erasure';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import css from './erasure.module.css';

interface Given {
  type: string;
  values: string[];
}

const partsOf = (t: IdentifierType | undefined) => (t?.parts && t.parts.length > 0 ? t.parts : ['Value']);

/** Asks that a person be erased. What is written here is sent once and kept nowhere. */
export function NewRequest(props: { onClose: () => void }) {
  const navigate = useNavigate();
  const q = useQuery(identifierTypes);
  const types = q.data ?? [];
  const [given, setGiven] = useState<Given[]>([{ type: '', values: [] }]);
  const [contact, setContact] = useState('');
  const [requester, setRequester] = useState('');
  const typeOf = (g: Given) => types.find((t) => t.name === (g.type || types[0]?.name));
  const make = useMutation({
    mutationFn: () => ask({
        identifiers: given.map((g) => ({ type: typeOf(g)!.name, values: partsOf(typeOf(g)).map((_, i) => g.values[i] ?? '') })),
        contact: contact.trim() || undefined,
        requester: requester.trim() || undefined,
      }),
    onSuccess: (r) => void navigate({ to: '/erasure/$request', params: { request: r.id } }),
  });
  const change = (i: number, c: Partial<Given>) => {
    make.reset();
    setGiven(given.map((g, j) => (i === j ? { ...g, ...c } : g)));
  };
  const whole = given.every((g) => partsOf(typeOf(g)).every((_, i) => (g.values[i] ?? '') !== ''));
  return (
    <Sheet label="New request" title="New request" onClose={props.onClose}>
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading identifier types" />}
      {q.data?.length === 0 && (
        <Part title="Nothing identifies people yet">
          <p>
            Say first <Link to="/erasure" search={{ view: 'mappings' }}>which columns hold identifiers</Link>.
          </p>
        </Part>
      )}
      {types.length > 0 && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            make.mutate();
          }}
        >
          <Part title="Who" note="all of these name one person">
            <ul className={css.given}>
              {given.map((g, i) => (
                // oxlint-disable-next-line react/no-array-index-key -- lines have no other name
                <li key={i}>
                  <Select
                    aria-label={`Type of identifier ${i + 1}`}
                    data={types.map((t) => t.name)}
                    value={typeOf(g)?.name ?? null}
                    comboboxProps={{ shadow: 'sm' }}
                    onChange={(type) => type && change(i, { type, values: [] })}
                  />
                  <div className={css.values}>
                    {partsOf(typeOf(g)).map((p, n) => (
                      <TextInput
                        key={p}
                        aria-label={given.length > 1 ? `${p} of identifier ${i + 1}` : p}
                        placeholder={p === 'Value' ? undefined : p}
                        value={g.values[n] ?? ''}
                        onChange={(e) => {
                          const values = [...g.values];
                          values[n] = e.currentTarget.value;
                          change(i, { values });
                        }}
                        autoComplete="off"
                        autoCapitalize="none"
                        spellCheck={false}
                      />
                    ))}
                  </div>
                  <ActionIcon aria-label={`Remove identifier ${i + 1}`} disabled={given.length === 1} onClick={() => setGiven(given.filter((_, j) => j !== i))}>
                    <IconX size={14} />
                  </ActionIcon>
                </li>
              ))}
            </ul>
            <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => setGiven([...given, { type: typeOf(given.at(-1)!)?.name ?? '', values: [] }])}>
              Add identifier
            </Button>
          </Part>
          <Part title="Who is told by mail" note="both may be left out">
            <div className={list.pair}>
              <TextInput type="email" label="The person" value={contact} onChange={(e) => setContact(e.currentTarget.value)} autoComplete="off" />
              <TextInput type="email" label="Whoever asks for them" value={requester} onChange={(e) => setRequester(e.currentTarget.value)} autoComplete="off" />
            </div>
          </Part>
          <Part title="What happens">
            <div className={list.form}>
              <p className="muted">The lake is searched and a report written. Nothing is erased before somebody has approved that report. Values are sealed until the request is closed; all that is shown of them are hashes.</p>
              {make.error && <ProblemView error={make.error} compact />}
              <div className={list.choices}>
                <Button variant="default" onClick={props.onClose}>
                  Cancel
                </Button>
                <Button type="submit" loading={make.isPending} disabled={!whole}>
                  Find this person
                </Button>
              </div>
            </div>
          </Part>
        </form>
      )}
    </Sheet>
  );
}
