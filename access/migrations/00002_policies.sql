-- +goose Up
-- Names are unique without regard to case, as IAM's are.
ALTER TABLE access_users ADD COLUMN path text NOT NULL DEFAULT '/';
ALTER TABLE access_users ADD COLUMN boundary text NOT NULL DEFAULT ''; -- ARN of a managed policy
ALTER TABLE access_users ADD COLUMN profile_created bigint NOT NULL DEFAULT 0;
ALTER TABLE access_users ADD COLUMN reset_required bigint NOT NULL DEFAULT 0;
ALTER TABLE access_users ADD COLUMN password_used bigint NOT NULL DEFAULT 0;
UPDATE access_users SET profile_created = created WHERE password <> '';
CREATE UNIQUE INDEX access_users_names ON access_users (lower(name));

ALTER TABLE access_keys ADD COLUMN used bigint NOT NULL DEFAULT 0;
ALTER TABLE access_keys ADD COLUMN used_service text NOT NULL DEFAULT '';
ALTER TABLE access_keys ADD COLUMN used_region text NOT NULL DEFAULT '';
CREATE INDEX access_keys_users ON access_keys (user_id);
CREATE INDEX access_sessions_users ON access_sessions (user_id);

CREATE TABLE access_groups (
    id      text PRIMARY KEY,
    name    text NOT NULL,
    path    text NOT NULL,
    created bigint NOT NULL
);
CREATE UNIQUE INDEX access_groups_names ON access_groups (lower(name));
CREATE TABLE access_members (
    group_id text NOT NULL REFERENCES access_groups (id),
    user_id  text NOT NULL REFERENCES access_users (id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX access_members_users ON access_members (user_id);

CREATE TABLE access_roles (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    path        text NOT NULL,
    description text NOT NULL,
    trust       text NOT NULL, -- policy document: who may assume the role
    max_session bigint NOT NULL, -- seconds
    boundary    text NOT NULL,
    created     bigint NOT NULL,
    used        bigint NOT NULL,
    used_region text NOT NULL
);
CREATE UNIQUE INDEX access_roles_names ON access_roles (lower(name));

CREATE TABLE access_policies (
    id              text PRIMARY KEY,
    name            text NOT NULL,
    path            text NOT NULL,
    description     text NOT NULL,
    default_version bigint NOT NULL,
    last_version    bigint NOT NULL, -- numbers are not used again
    created         bigint NOT NULL,
    updated         bigint NOT NULL
);
CREATE UNIQUE INDEX access_policies_names ON access_policies (lower(name));
CREATE TABLE access_policy_versions (
    policy_id text NOT NULL REFERENCES access_policies (id),
    version   bigint NOT NULL,
    document  text NOT NULL,
    created   bigint NOT NULL,
    PRIMARY KEY (policy_id, version)
);

-- An owner is the id of a user, a group or a role; of tags also of a policy.
CREATE TABLE access_attachments (
    owner_id   text NOT NULL,
    policy_arn text NOT NULL,
    PRIMARY KEY (owner_id, policy_arn)
);
CREATE INDEX access_attachments_policies ON access_attachments (policy_arn);
CREATE TABLE access_inline (
    owner_id text NOT NULL,
    name     text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (owner_id, name)
);
CREATE TABLE access_tags (
    owner_id text NOT NULL,
    key      text NOT NULL,
    value    text NOT NULL,
    PRIMARY KEY (owner_id, key)
);

-- Temporary credentials.
CREATE TABLE access_temporary (
    id       text PRIMARY KEY, -- access key id
    secret   text NOT NULL, -- in the clear, as of access_keys
    token    text NOT NULL,
    owner_id text NOT NULL, -- the user or role whose policies count
    session  text NOT NULL, -- name of a role's session, '' of a user's
    policies text NOT NULL, -- the session's policies, as a JSON list of name and document
    tags     text NOT NULL, -- the session's tags, as a JSON list
    issued   bigint NOT NULL,
    expires  bigint NOT NULL
);
CREATE INDEX access_temporary_expires ON access_temporary (expires);
CREATE INDEX access_temporary_owners ON access_temporary (owner_id);

-- Words that belong to the lake itself, as its alias and its audit's key.
CREATE TABLE access_lake (
    name  text PRIMARY KEY,
    value text NOT NULL
);

-- Who was an administrator by a flag is one by a policy.
INSERT INTO access_attachments (owner_id, policy_arn)
    SELECT id, 'arn:aws:iam::aws:policy/AdministratorAccess' FROM access_users WHERE administrator = 1;
ALTER TABLE access_users DROP COLUMN administrator;
