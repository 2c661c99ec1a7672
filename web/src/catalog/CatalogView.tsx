import { ActionIcon, Tooltip } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { catalogs, connectorOf, connectors, databases, deleteCatalog, ownCatalog } from '../api/catalogs';
import { Confirm } from '../buckets/Confirm';
import { Empty } from '../ui/Empty';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { Back } from './Back';
import { Databases } from './Databases';
import { Nodes } from './Nodes';
import css from './catalog.module.css';

/** A data catalog: what reaches it, how its metastore's nodes are, its databases. */
export function CatalogView({ catalog }: { catalog: string }) {
  const navigate = useNavigate();
  const known = useQuery(catalogs);
  const about = known.data?.find((c) => c.name.toLowerCase() === catalog.toLowerCase());
  const hive = about?.type === 'HIVE';
  const reached = useQuery({ ...connectors, enabled: hive });
  const connector = connectorOf(about, reached.data);
  const dbs = useQuery(databases(catalog));
  const [removing, setRemoving] = useState(false);
  return (
    <>
      <PageHead
        label={`Data catalog ${catalog}`}
        title={
          <>
            <Back catalog={catalog} />
            {catalog}
          </>
        }
      >
        {about && catalog !== ownCatalog && (
          <Tooltip label="Remove this data catalog">
            <ActionIcon aria-label="Remove data catalog" onClick={() => setRemoving(true)}>
              <IconTrash size={16} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        )}
      </PageHead>
      <div className={css.about}>
        {about && <span className={css.chip}>{about.type}</span>}
        {about?.description && <span>{about.description}</span>}
      </div>
      <div className={css.scroll}>
        {known.data && !about && (
          <Empty action={<Link to="/catalog/connect">Connect a data source</Link>}>There is no data catalog of this name.</Empty>
        )}
        {reached.error && <ProblemView error={reached.error} retry={() => void reached.refetch()} />}
        {connector && <Nodes connector={connector} />}
        {dbs.error && about && <ProblemView error={dbs.error} retry={() => void dbs.refetch()} />}
        {dbs.isPending && <Waiting label="Loading databases" />}
        {dbs.data && <Databases catalog={catalog} databases={dbs.data} />}
      </div>
      {removing && (
        <Confirm
          title="Remove data catalog"
          action="Remove"
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await deleteCatalog(catalog);
            await navigate({ to: '/catalog' });
          }}
        >
          Remove the data catalog <b>{catalog}</b>? Its metastore and its tables stay as they are; statements cannot name it any more.
        </Confirm>
      )}
    </>
  );
}
