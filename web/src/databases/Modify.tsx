import { Button, Checkbox, Modal, NumberInput, PasswordInput, Radio, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { type Instance, type Modification, modifyInstance, offers } from '../api/instances';
import { moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import list from '../ui/list.module.css';
import { nextWindow, sizeOf } from './status';

/** Changes an instance, now or in its maintenance window. */
export function Modify(props: { of: Instance; onClose: () => void }) {
  const { of: i } = props;
  const can = useQuery(offers);
  const [size, setSize] = useState(i.class);
  const [storage, setStorage] = useState<number | string>(i.storage);
  const [window, setWindow] = useState(i.window);
  const [retention, setRetention] = useState<number | string>(i.retention);
  const [kept, setKept] = useState(i.protected ?? false);
  const [password, setPassword] = useState('');
  const [when, setWhen] = useState('window');

  const change: Modification = {
    ...(size !== i.class && { class: size }),
    ...(Number(storage) !== i.storage && { storage: Number(storage) }),
    ...(window !== i.window && { window }),
    ...(Number(retention) !== i.retention && { retention: Number(retention) }),
    ...(kept !== (i.protected ?? false) && { protected: kept }),
    ...(password !== '' && { password }),
  };
  const make = useMutation({ mutationFn: () => modifyInstance(i, { ...change, now: when === 'now' }), onSuccess: props.onClose });
  const at = nextWindow(i.window);
  return (
    <Modal opened onClose={props.onClose} title={`Modify ${i.name}`} size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={list.form}
        onSubmit={(e) => {
          e.preventDefault();
          make.mutate();
        }}
      >
        <Select
          label="Class"
          data={(can.data?.classes ?? [{ name: i.class, vcpus: 0, memory: 0 }]).map((c) => ({
            value: c.name,
            label: c.vcpus ? `${c.name}   ${sizeOf(c)}` : c.name,
            disabled: c.problem !== undefined && c.name !== i.class,
          }))}
          value={size}
          onChange={(v) => v && setSize(v)}
          searchable
          maxDropdownHeight={220}
        />
        <div className={list.pair}>
          <NumberInput size="xs" hideControls label="Storage, GiB" min={i.storage} max={65536} value={storage} onChange={setStorage} />
          <NumberInput size="xs" hideControls label="Backups kept, days" min={0} max={35} value={retention} onChange={setRetention} />
        </div>
        <TextInput label="Maintenance window, UTC" description="ddd:hh24:mi-ddd:hh24:mi" value={window} onChange={(e) => setWindow(e.currentTarget.value)} autoCapitalize="none" spellCheck={false} />
        <PasswordInput size="xs" label="New password" description="leave it empty to keep the one it has" value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="new-password" />
        <Checkbox size="xs" label="Protect it from deletion" checked={kept} onChange={(e) => setKept(e.currentTarget.checked)} />
        <Radio.Group label="What needs a restart happens" value={when} onChange={setWhen}>
          <Radio size="xs" mt={6} value="window" label={`at the next window${at ? `, ${moment(at.toISOString())}` : ''}`} />
          <Radio size="xs" mt={6} value="now" label="now, with all that already waits; clients are cut off for a moment" />
        </Radio.Group>
        {make.error && <ProblemView error={make.error} compact />}
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onClose}>
            Cancel
          </Button>
          <Button type="submit" size="sm" loading={make.isPending} disabled={Object.keys(change).length === 0 && when !== 'now'}>
            Modify
          </Button>
        </div>
      </form>
    </Modal>
  );
}
