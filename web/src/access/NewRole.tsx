import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { createRole } from '../api/access';
import { session } from '../api/session';
import { Part, Sheet } from '../ui/Sheet';
import { PolicyForm } from './PolicyForm';
import { sampleTrust } from './samples';
import list from '../ui/list.module.css';

export function NewRole(props: { onClose: () => void; onCreated: (name: string) => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const account = useQuery(session).data?.lake.account ?? '';
  return (
    <Sheet label="New role" title="New role" onClose={props.onClose}>
      <Part title="Role">
        <div className={list.form}>
          <TextInput label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} autoFocus autoCapitalize="none" spellCheck={false} />
          <TextInput label="Description" value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
        </div>
      </Part>
      <Part title="Who may assume it">
        <PolicyForm
          text={sampleTrust(account)}
          kind="trust"
          action="Create role"
          disabled={name === ''}
          onSave={async (trust) => {
            await createRole(name, { description, trust });
            props.onCreated(name);
          }}
        />
      </Part>
    </Sheet>
  );
}
