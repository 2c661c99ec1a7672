package hms

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/lib/hms"
)

// register makes the table of methods.
func (s *Server) register() map[string]*method {
	r := &registry{s, map[string]*method{}}
	r.databases()
	r.tables()
	r.partitions()
	r.statistics()
	r.functions()
	r.locks()
	r.settings()
	r.constraints()
	r.roles()
	r.notifications()
	return r.methods
}

func (r *registry) functions() {
	type ctxt = context.Context
	const read = "glue:GetUserDefinedFunctions"
	add(r, "get_all_functions", "", onNothing, nil, func(ctx ctxt, c *conn, _ target, _ *hms.GetAllFunctionsArgs, r *hms.GetAllFunctionsReply) error {
		// Spark asks when it starts, whoever it works for: it is told of no
		// function that it may not see.
		r.Success = &hms.GetAllFunctionsResponse{Functions: []*hms.Function{}}
		ds, err := c.Catalog.Databases(ctx)
		if err != nil {
			return err
		}
		for _, d := range ds {
			fs, err := c.Catalog.Functions(ctx, d.Name)
			if err != nil && !lethe.Is(err, lethe.NotFound) {
				return err
			}
			if len(fs) == 0 {
				continue
			}
			sees, err := c.sees(ctx, read, lethe.DatabaseARN(c.Region, d.Name))
			if err != nil {
				return err
			}
			for i := range fs {
				if sees {
					r.Success.Functions = append(r.Success.Functions, toFunction(&fs[i]))
				}
			}
		}
		return nil
	})
	add(r, "get_functions", read, onDatabase, func(a *hms.GetFunctionsArgs) target { return target{database: a.DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetFunctionsArgs, r *hms.GetFunctionsReply) error {
			fs, err := c.Catalog.Functions(ctx, t.database)
			if lethe.Is(err, lethe.NotFound) {
				err = nil
			}
			r.Success = []string{}
			for _, f := range fs {
				if like(a.Pattern, f.Name) {
					r.Success = append(r.Success, f.Name)
				}
			}
			return err
		})
	add(r, "get_function", "glue:GetUserDefinedFunction", onDatabase, func(a *hms.GetFunctionArgs) target { return target{database: a.DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetFunctionArgs, r *hms.GetFunctionReply) error {
			f, err := c.Catalog.Function(ctx, t.database, a.FuncName)
			r.Success = toFunction(&f)
			return noFunction(err, t.database, a.FuncName)
		})
	add(r, "create_function", "glue:CreateUserDefinedFunction", onDatabase, func(a *hms.CreateFunctionArgs) target { return target{database: of(a.Func).DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.CreateFunctionArgs, _ *hms.CreateFunctionReply) error {
			f := fromFunction(of(a.Func))
			f.Database, f.Created = t.database, time.Now()
			return c.Catalog.CreateFunction(ctx, f)
		})
	add(r, "alter_function", "glue:UpdateUserDefinedFunction", onDatabase, func(a *hms.AlterFunctionArgs) target { return target{database: a.DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterFunctionArgs, _ *hms.AlterFunctionReply) error {
			f := fromFunction(of(a.NewFunc))
			var err error
			if f.Database, err = database(f.Database); err != nil {
				return err
			}
			if f.Database != t.database {
				if err := c.Access.Decide(ctx, lethe.PrincipalOf(ctx), "glue:CreateUserDefinedFunction", lethe.DatabaseARN(c.Region, f.Database)); err != nil {
					return err
				}
			}
			return c.Catalog.AlterFunction(ctx, t.database, a.FuncName, f)
		})
	add(r, "drop_function", "glue:DeleteUserDefinedFunction", onDatabase, func(a *hms.DropFunctionArgs) target { return target{database: a.DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.DropFunctionArgs, _ *hms.DropFunctionReply) error {
			return noFunction(c.Catalog.DropFunction(ctx, t.database, a.FuncName), t.database, a.FuncName)
		})
}

// noFunction says that a function is missing in the words that Spark looks for.
func noFunction(err error, database, name string) error {
	if lethe.Is(err, lethe.NotFound) {
		return lethe.Errorf(lethe.NotFound, "Function %s.%s does not exist", database, name)
	}
	return err
}

func toFunction(f *catalog.Function) *hms.Function {
	out := &hms.Function{FunctionName: f.Name, DbName: f.Database, ClassName: f.Class, OwnerName: f.Owner, OwnerType: hive.OwnerType(f.OwnerType),
		CreateTime: hive.Seconds(f.Created), FunctionType: hms.FunctionTypeJava, ResourceUris: []*hms.ResourceUri{}, CatName: hive.DefaultCatalog}
	for _, r := range f.Resources {
		out.ResourceUris = append(out.ResourceUris, &hms.ResourceUri{ResourceType: hms.ResourceType(r.Type), Uri: r.URI})
	}
	return out
}

func fromFunction(f *hms.Function) catalog.Function {
	out := catalog.Function{Database: f.DbName, Name: f.FunctionName, Class: f.ClassName, Owner: f.OwnerName, OwnerType: hive.FromOwnerType(f.OwnerType)}
	for _, r := range f.ResourceUris {
		out.Resources = append(out.Resources, catalog.FunctionResource{Type: int(r.ResourceType), URI: r.Uri})
	}
	return out
}

var lockTypes = map[hms.LockType]catalog.LockType{hms.LockTypeSharedRead: catalog.SharedRead, hms.LockTypeSharedWrite: catalog.SharedWrite,
	hms.LockTypeExclusive: catalog.Exclusive, hms.LockTypeExclWrite: catalog.ExclusiveWrite}

// A lock's id is all that its holder has to show. Whoever asks for one must be
// allowed to read what it is on, or to change it if the lock excludes readers or
// writers.
func (r *registry) locks() {
	type ctxt = context.Context
	add(r, "lock", "", onNothing, nil, func(ctx ctxt, c *conn, _ target, a *hms.LockArgs, r *hms.LockReply) error {
		q := of(a.Rqst)
		if q.Txnid != nil && *q.Txnid != 0 {
			return &hms.NoSuchTxnException{Message: "No such transaction txnid:" + strconv.FormatInt(*q.Txnid, 10)}
		}
		l := catalog.Lock{User: q.User, Host: q.Hostname, Agent: q.AgentInfo}
		for _, part := range q.Component {
			db, err := database(part.Dbname)
			if err != nil {
				return err
			}
			t := catalog.LockTarget{Database: db, Table: strings.ToLower(part.Tablename), Partition: part.Partitionname, Type: lockTypes[part.Type]}
			action, resource := "glue:GetTable", lethe.TableARN(c.Region, t.Database, t.Table)
			if t.Type != catalog.SharedRead {
				action = "glue:UpdateTable"
			}
			if t.Table == "" {
				action, resource = strings.Replace(action, "Table", "Database", 1), lethe.DatabaseARN(c.Region, t.Database)
			}
			if err := c.Access.Decide(ctx, lethe.PrincipalOf(ctx), action, resource); err != nil {
				return err
			}
			l.Targets = append(l.Targets, t)
		}
		l, err := c.Catalog.Lock(ctx, l)
		r.Success = lockState(l)
		return err
	})
	add(r, "check_lock", "", onNothing, nil, func(ctx ctxt, c *conn, _ target, a *hms.CheckLockArgs, r *hms.CheckLockReply) error {
		l, err := c.holder(ctx, of(a.Rqst).Lockid)
		if err == nil {
			l, err = c.Catalog.CheckLock(ctx, l.ID)
		}
		r.Success = lockState(l)
		return noLock(err)
	})
	add(r, "unlock", "", onNothing, nil, func(ctx ctxt, c *conn, _ target, a *hms.UnlockArgs, _ *hms.UnlockReply) error {
		l, err := c.holder(ctx, of(a.Rqst).Lockid)
		if err == nil {
			err = c.Catalog.Unlock(ctx, l.ID)
		}
		return noLock(err)
	})
	add(r, "heartbeat", "", onNothing, nil, func(ctx ctxt, c *conn, _ target, a *hms.HeartbeatArgs, _ *hms.HeartbeatReply) error {
		if id := of(a.Ids).Txnid; id != nil && *id != 0 {
			return &hms.NoSuchTxnException{Message: "No such transaction txnid:" + strconv.FormatInt(*id, 10)}
		}
		if of(a.Ids).Lockid == nil {
			return nil
		}
		l, err := c.holder(ctx, *a.Ids.Lockid)
		if err == nil {
			err = c.Catalog.Heartbeat(ctx, l.ID)
		}
		return noLock(err)
	})
	add(r, "show_locks", "glue:GetDatabases", onCatalog, nil, func(ctx ctxt, c *conn, _ target, a *hms.ShowLocksArgs, r *hms.ShowLocksReply) error {
		q := of(a.Rqst)
		db, err := database(q.Dbname)
		if err != nil {
			return err
		}
		all, err := c.Catalog.Locks(ctx)
		r.Success = &hms.ShowLocksResponse{Locks: []*hms.ShowLocksResponseElement{}}
		for _, l := range all {
			for i, t := range l.Targets {
				if db != "" && t.Database != db || q.Tablename != "" && !strings.EqualFold(t.Table, q.Tablename) || q.Partname != "" && t.Partition != q.Partname {
					continue
				}
				sees, err := c.sees(ctx, "glue:GetTables", lethe.TableARN(c.Region, t.Database, t.Table))
				if err != nil {
					return err
				}
				if sees {
					r.Success.Locks = append(r.Success.Locks, toLock(&l, &t, i))
				}
			}
		}
		return err
	})
}

// holder finds a lock by its id, which is a number that can be guessed: the
// caller must be allowed what asking for it needs.
func (c *conn) holder(ctx context.Context, id int64) (catalog.Lock, error) {
	all, err := c.Catalog.Locks(ctx)
	if err != nil {
		return catalog.Lock{}, err
	}
	i := slices.IndexFunc(all, func(l catalog.Lock) bool { return l.ID == id })
	if i < 0 {
		return catalog.Lock{}, lethe.Errorf(lethe.NotFound, "No such lock lockid:%d", id)
	}
	for _, t := range all[i].Targets {
		action, resource := "glue:GetTable", lethe.TableARN(c.Region, t.Database, t.Table)
		if t.Type != catalog.SharedRead {
			action = "glue:UpdateTable"
		}
		if t.Table == "" {
			action, resource = strings.Replace(action, "Table", "Database", 1), lethe.DatabaseARN(c.Region, t.Database)
		}
		if err := c.Access.Decide(ctx, lethe.PrincipalOf(ctx), action, resource); err != nil {
			return catalog.Lock{}, err
		}
	}
	return all[i], nil
}

func noLock(err error) error {
	if lethe.Is(err, lethe.NotFound) {
		return &hms.NoSuchLockException{Message: err.Error()}
	}
	return err
}

func lockState(l catalog.Lock) *hms.LockResponse {
	state := hms.LockStateWaiting
	if l.Held {
		state = hms.LockStateAcquired
	}
	return &hms.LockResponse{Lockid: l.ID, State: state}
}

func toLock(l *catalog.Lock, t *catalog.LockTarget, i int) *hms.ShowLocksResponseElement {
	e := &hms.ShowLocksResponseElement{Lockid: l.ID, Dbname: t.Database, Tablename: t.Table, Partname: t.Partition, State: lockState(*l).State,
		Lastheartbeat: l.Heartbeat.UnixMilli(), User: l.User, Hostname: l.Host, AgentInfo: l.Agent, LockIdInternal: ptr(int64(i + 1))}
	if l.Held {
		e.Acquiredat = ptr(l.Acquired.UnixMilli())
	}
	for k, v := range lockTypes {
		if v == t.Type {
			e.Type = k
		}
	}
	return e
}

// settingValues are the settings of Hive that clients ask for. Spark takes all
// partitions where a filter fails if direct SQL is not said to be tried.
var settingValues = map[string]string{
	"hive.metastore.try.direct.sql":                         "false",
	"metastore.try.direct.sql":                              "false",
	"hive.metastore.try.direct.sql.ddl":                     "false",
	"hive.metastore.disallow.incompatible.col.type.changes": "false",
	"hive.metastore.partition.name.whitelist.pattern":       "",
	"hive.metastore.client.capability.check":                "false",
	"hive.exec.default.partition.name":                      catalog.DefaultValue,
	"hive.metastore.batch.retrieve.max":                     "300",
	"hive.metastore.transactional.event.listeners":          "",
	"hive.metastore.rawstore.impl":                          "",
	"hive.metastore.integral.jdo.pushdown":                  "true",
}

func (r *registry) settings() {
	type ctxt = context.Context
	add(r, "get_config_value", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, a *hms.GetConfigValueArgs, r *hms.GetConfigValueReply) error {
		if n := a.Name; !strings.HasPrefix(n, "hive.") && !strings.HasPrefix(n, "hdfs.") && !strings.HasPrefix(n, "mapred.") && !strings.HasPrefix(n, "metastore.") {
			return &hms.ConfigValSecurityException{Message: "For security reasons, the config key " + n + " cannot be accessed"}
		}
		v, ok := settingValues[a.Name]
		if !ok {
			v = a.DefaultValue
		}
		r.Success = v
		return nil
	})
	add(r, "getMetaConf", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, a *hms.GetMetaConfArgs, r *hms.GetMetaConfReply) error {
		v, ok := settingValues[a.Key]
		if !ok {
			return &hms.MetaException{Message: "Invalid configuration key " + a.Key}
		}
		r.Success = v
		return nil
	})
	add(r, "setMetaConf", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, a *hms.SetMetaConfArgs, _ *hms.SetMetaConfReply) error {
		if v, ok := settingValues[a.Key]; !ok {
			return &hms.MetaException{Message: "Invalid configuration key " + a.Key}
		} else if v != a.Value {
			return &hms.MetaException{Message: "the setting " + a.Key + " is " + strconv.Quote(v) + " and does not change"}
		}
		return nil
	})
	add(r, "set_ugi", "", onNothing, nil, func(_ ctxt, c *conn, _ target, a *hms.SetUgiArgs, r *hms.SetUgiReply) error {
		c.claimed = cut(a.UserName, 128)
		r.Success = append(limited(a.GroupNames, ptr(int32(1000))), a.UserName)
		return nil
	})
	add(r, "flushCache", "", onNothing, nil, func(ctxt, *conn, target, *hms.FlushCacheArgs, *hms.FlushCacheReply) error { return nil })
	add(r, "getName", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.GetNameArgs, r *hms.GetNameReply) error {
		r.Success = "hive metastore"
		return nil
	})
	add(r, "getVersion", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.GetVersionArgs, r *hms.GetVersionReply) error {
		r.Success = "3.0" // what Java's says in every version
		return nil
	})
	add(r, "getStatus", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.GetStatusArgs, r *hms.GetStatusReply) error {
		r.Success = hms.FbStatusAlive
		return nil
	})
	add(r, "getStatusDetails", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.GetStatusDetailsArgs, _ *hms.GetStatusDetailsReply) error {
		return nil
	})
	add(r, "aliveSince", "", onNothing, nil, func(_ ctxt, c *conn, _ target, _ *hms.AliveSinceArgs, r *hms.AliveSinceReply) error {
		r.Success = ptr(c.started.Unix())
		return nil
	})
	add(r, "getCounters", "", onNothing, nil, func(_ ctxt, c *conn, _ target, _ *hms.GetCountersArgs, r *hms.GetCountersReply) error {
		r.Success = map[string]int64{}
		for name, md := range c.methods {
			if n := md.calls.Load(); n > 0 {
				r.Success[name] = n
			}
		}
		return nil
	})
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// constraints are not kept. A table has none.
func (r *registry) constraints() {
	type ctxt = context.Context
	const read = "glue:GetTable"
	add(r, "get_primary_keys", read, onTable, func(a *hms.GetPrimaryKeysArgs) target { return target{of(a.Request).DbName, of(a.Request).TblName} },
		func(_ ctxt, _ *conn, _ target, _ *hms.GetPrimaryKeysArgs, r *hms.GetPrimaryKeysReply) error {
			r.Success = &hms.PrimaryKeysResponse{}
			return nil
		})
	add(r, "get_foreign_keys", read, onTable, func(a *hms.GetForeignKeysArgs) target {
		// Asked for by the table that refers, the one referred to, or both.
		if q := of(a.Request); q.ForeignTblName != "" {
			return target{q.ForeignDbName, q.ForeignTblName}
		} else {
			return target{q.ParentDbName, q.ParentTblName}
		}
	}, func(_ ctxt, _ *conn, _ target, _ *hms.GetForeignKeysArgs, r *hms.GetForeignKeysReply) error {
		r.Success = &hms.ForeignKeysResponse{}
		return nil
	})
	add(r, "get_unique_constraints", read, onTable, func(a *hms.GetUniqueConstraintsArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	},
		func(_ ctxt, _ *conn, _ target, _ *hms.GetUniqueConstraintsArgs, r *hms.GetUniqueConstraintsReply) error {
			r.Success = &hms.UniqueConstraintsResponse{}
			return nil
		})
	add(r, "get_not_null_constraints", read, onTable, func(a *hms.GetNotNullConstraintsArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	},
		func(_ ctxt, _ *conn, _ target, _ *hms.GetNotNullConstraintsArgs, r *hms.GetNotNullConstraintsReply) error {
			r.Success = &hms.NotNullConstraintsResponse{}
			return nil
		})
	add(r, "get_default_constraints", read, onTable, func(a *hms.GetDefaultConstraintsArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	},
		func(_ ctxt, _ *conn, _ target, _ *hms.GetDefaultConstraintsArgs, r *hms.GetDefaultConstraintsReply) error {
			r.Success = &hms.DefaultConstraintsResponse{}
			return nil
		})
	add(r, "get_check_constraints", read, onTable, func(a *hms.GetCheckConstraintsArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	},
		func(_ ctxt, _ *conn, _ target, _ *hms.GetCheckConstraintsArgs, r *hms.GetCheckConstraintsReply) error {
			r.Success = &hms.CheckConstraintsResponse{}
			return nil
		})
	add(r, "get_all_table_constraints", read, onTable, func(a *hms.GetAllTableConstraintsArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	},
		func(_ ctxt, _ *conn, _ target, _ *hms.GetAllTableConstraintsArgs, r *hms.GetAllTableConstraintsReply) error {
			r.Success = &hms.AllTableConstraintsResponse{AllTableConstraints: &hms.SQLAllTableConstraints{PrimaryKeys: []*hms.SQLPrimaryKey{}, ForeignKeys: []*hms.SQLForeignKey{},
				UniqueConstraints: []*hms.SQLUniqueConstraint{}, NotNullConstraints: []*hms.SQLNotNullConstraint{}, DefaultConstraints: []*hms.SQLDefaultConstraint{}, CheckConstraints: []*hms.SQLCheckConstraint{}}}
			return nil
		})
}

// Rights are the policies' of package access, for every way into the lake. Hive's
// own grants do not exist: reading them finds none, and changing them is refused,
// as it would not have the effect that it promises.
func (r *registry) roles() {
	type ctxt = context.Context
	refused := func() error {
		return &hms.MetaException{Message: "rights are given by policies of the lake's users, groups and roles, not by grants in the metastore"}
	}
	add(r, "get_role_names", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.GetRoleNamesArgs, r *hms.GetRoleNamesReply) error {
		r.Success = []string{"public"}
		return nil
	})
	add(r, "list_roles", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.ListRolesArgs, r *hms.ListRolesReply) error {
		r.Success = []*hms.Role{{RoleName: "public"}}
		return nil
	})
	add(r, "get_role_grants_for_principal", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, a *hms.GetRoleGrantsForPrincipalArgs, r *hms.GetRoleGrantsForPrincipalReply) error {
		r.Success = &hms.GetRoleGrantsForPrincipalResponse{PrincipalGrants: []*hms.RolePrincipalGrant{}}
		if of(a.Request).PrincipalType == hms.PrincipalTypeUser { // everybody is of the role public
			r.Success.PrincipalGrants = append(r.Success.PrincipalGrants, &hms.RolePrincipalGrant{RoleName: "public", PrincipalName: a.Request.PrincipalName, PrincipalType: hms.PrincipalTypeUser})
		}
		return nil
	})
	add(r, "get_principals_in_role", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.GetPrincipalsInRoleArgs, r *hms.GetPrincipalsInRoleReply) error {
		r.Success = &hms.GetPrincipalsInRoleResponse{PrincipalGrants: []*hms.RolePrincipalGrant{}}
		return nil
	})
	add(r, "get_privilege_set", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.GetPrivilegeSetArgs, r *hms.GetPrivilegeSetReply) error {
		r.Success = &hms.PrincipalPrivilegeSet{UserPrivileges: map[string][]*hms.PrivilegeGrantInfo{}, GroupPrivileges: map[string][]*hms.PrivilegeGrantInfo{}, RolePrivileges: map[string][]*hms.PrivilegeGrantInfo{}}
		return nil
	})
	add(r, "list_privileges", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, _ *hms.ListPrivilegesArgs, r *hms.ListPrivilegesReply) error {
		r.Success = []*hms.HiveObjectPrivilege{}
		return nil
	})
	add(r, "create_role", "", onNothing, nil, func(ctxt, *conn, target, *hms.CreateRoleArgs, *hms.CreateRoleReply) error { return refused() })
	add(r, "drop_role", "", onNothing, nil, func(ctxt, *conn, target, *hms.DropRoleArgs, *hms.DropRoleReply) error { return refused() })
	add(r, "grant_role", "", onNothing, nil, func(ctxt, *conn, target, *hms.GrantRoleArgs, *hms.GrantRoleReply) error { return refused() })
	add(r, "revoke_role", "", onNothing, nil, func(ctxt, *conn, target, *hms.RevokeRoleArgs, *hms.RevokeRoleReply) error { return refused() })
	add(r, "grant_revoke_role", "", onNothing, nil, func(ctxt, *conn, target, *hms.GrantRevokeRoleArgs, *hms.GrantRevokeRoleReply) error { return refused() })
	add(r, "grant_privileges", "", onNothing, nil, func(ctxt, *conn, target, *hms.GrantPrivilegesArgs, *hms.GrantPrivilegesReply) error { return refused() })
	add(r, "revoke_privileges", "", onNothing, nil, func(ctxt, *conn, target, *hms.RevokePrivilegesArgs, *hms.RevokePrivilegesReply) error {
		return refused()
	})
	add(r, "grant_revoke_privileges", "", onNothing, nil, func(ctxt, *conn, target, *hms.GrantRevokePrivilegesArgs, *hms.GrantRevokePrivilegesReply) error {
		return refused()
	})
}
