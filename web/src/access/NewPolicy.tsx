import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { createPolicy } from '../api/access';
import { session } from '../api/session';
import { Part, Sheet } from '../ui/Sheet';
import { PolicyForm } from './PolicyForm';
import { sampleIdentity } from './samples';
import list from '../ui/list.module.css';

export function NewPolicy(props: { onClose: () => void; onCreated: (arn: string) => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const account = useQuery(session).data?.lake.account ?? '';
  return (
    <Sheet label="New policy" title="New policy" onClose={props.onClose}>
      <Part title="Policy">
        <div className={list.form}>
          <TextInput label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} autoFocus autoCapitalize="none" spellCheck={false} />
          <TextInput label="Description" value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
        </div>
      </Part>
      <Part title="Document">
        <PolicyForm
          text={sampleIdentity}
          kind="identity"
          action="Create policy"
          disabled={name === ''}
          onSave={async (document) => {
            const p = await createPolicy(`arn:aws:iam::${account}:policy/${name}`, { description, document });
            props.onCreated(p.arn);
          }}
        />
      </Part>
    </Sheet>
  );
}
