import { Button, Checkbox, NumberInput, PasswordInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { createInstance, offers } from '../api/instances';
import { session } from '../api/session';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import list from '../ui/list.module.css';
import { engineName, gib, sizeOf } from './status';

/** Makes an instance of what this host has. */
export function NewInstance(props: { onClose: () => void }) {
  const navigate = useNavigate();
  const can = useQuery(offers);
  const home = useQuery(session).data?.lake.region ?? '';
  const [region, setRegion] = useState<string>();
  const [name, setName] = useState('');
  const [engine, setEngine] = useState<string | null>(null);
  const [version, setVersion] = useState<string | null>(null);
  const [size, setSize] = useState<string | null>(null);
  const [storage, setStorage] = useState<number | string>(20);
  const [user, setUser] = useState('');
  const [managed, setManaged] = useState(false);
  const [password, setPassword] = useState('');
  const [database, setDatabase] = useState('');
  const [kept, setKept] = useState(false);

  const engines = can.data?.engines ?? [];
  const of = engines.find((e) => e.name === engine) ?? engines.find((e) => e.versions.length > 0);
  const classes = can.data?.classes ?? [];
  const chosen = classes.find((c) => c.name === size) ?? classes.find((c) => c.name === 'db.m6g.large' && !c.problem) ?? classes.find((c) => !c.problem);
  const scale = can.data?.scale ?? 1;
  const where = region ?? home;

  const make = useMutation({
    mutationFn: () =>
      createInstance(where, name, {
        class: chosen?.name ?? '',
        engine: of?.name ?? '',
        version: version ?? of?.versions[0],
        storage: Number(storage),
        user,
        ...(managed ? { managed } : { password }),
        ...(database !== '' && { database }),
        ...(kept && { protected: true }),
      }),
    onSuccess: (i) => navigate({ to: '/databases/$region/$instance', params: { region: i.region, instance: i.name } }),
  });
  return (
    <Sheet label="New instance" title="New instance" onClose={props.onClose}>
      {can.error && <ProblemView error={can.error} retry={() => void can.refetch()} />}
      <form
        onSubmit={(e) => {
          e.preventDefault();
          make.mutate();
        }}
      >
        <Part title="Instance">
          <div className={list.form}>
            <TextInput
              label="Name"
              description="letters, digits and hyphens, a letter first"
              value={name}
              onChange={(e) => setName(e.currentTarget.value)}
              required
              withAsterisk={false}
              autoFocus
              autoCapitalize="none"
              spellCheck={false}
            />
            <div className={list.pair}>
              <Select
                label="Engine"
                data={engines.map((e) => ({ value: e.name, label: engineName(e.name), disabled: e.versions.length === 0 }))}
                value={of?.name ?? null}
                onChange={(v) => {
                  setEngine(v);
                  setVersion(null);
                }}
              />
              <Select label="Version" data={of?.versions ?? []} value={version ?? of?.versions[0] ?? null} onChange={setVersion} />
            </div>
            {engines
              .filter((e) => e.problem)
              .map((e) => (
                <p key={e.name} className="muted">
                  {engineName(e.name)}: {e.problem}
                </p>
              ))}
            <Select
              label="Class"
              description={chosen && (scale === 1 ? sizeOf(chosen) : `${sizeOf(chosen)}, of which this host gives ${gib(chosen.memory * scale)}`)}
              data={classes.map((c) => ({ value: c.name, label: `${c.name}   ${sizeOf(c)}`, disabled: c.problem !== undefined }))}
              value={chosen?.name ?? null}
              onChange={setSize}
              searchable
              maxDropdownHeight={260}
            />
            <div className={list.pair}>
              <NumberInput size="xs" hideControls label="Storage, GiB" min={5} max={65536} value={storage} onChange={setStorage} />
              <TextInput label="Region" value={where} onChange={(e) => setRegion(e.currentTarget.value)} autoCapitalize="none" spellCheck={false} />
            </div>
          </div>
        </Part>
        <Part title="First user">
          <div className={list.form}>
            <TextInput label="User name" value={user} onChange={(e) => setUser(e.currentTarget.value)} required withAsterisk={false} autoCapitalize="none" autoComplete="off" spellCheck={false} />
            <Checkbox size="xs" label="Make a password and keep it as a secret" checked={managed} onChange={(e) => setManaged(e.currentTarget.checked)} />
            {!managed && (
              <PasswordInput
                size="xs"
                label="Password"
                description={'8 characters or more, without spaces and / " @'}
                value={password}
                onChange={(e) => setPassword(e.currentTarget.value)}
                autoComplete="new-password"
              />
            )}
            <TextInput label="Database" description="made with it; none if empty" value={database} onChange={(e) => setDatabase(e.currentTarget.value)} autoCapitalize="none" spellCheck={false} />
            <Checkbox size="xs" label="Protect it from deletion" checked={kept} onChange={(e) => setKept(e.currentTarget.checked)} />
            {make.error && <ProblemView error={make.error} compact />}
            <Button type="submit" loading={make.isPending} disabled={name === '' || user === '' || !of || !chosen || (!managed && password === '')}>
              Create instance
            </Button>
          </div>
        </Part>
      </form>
    </Sheet>
  );
}
