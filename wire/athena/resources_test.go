package athena_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe/catalog"
	"lethe/query"
)

func TestWorkGroups(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	must(l.client.CreateWorkGroup(ctx, &sdk.CreateWorkGroupInput{
		Name: awssdk.String("team"), Description: awssdk.String("ours"),
		Configuration: &types.WorkGroupConfiguration{
			ResultConfiguration:        &types.ResultConfiguration{OutputLocation: awssdk.String("s3://team/")},
			BytesScannedCutoffPerQuery: awssdk.Int64(1 << 30),
			EngineVersion:              &types.EngineVersion{SelectedEngineVersion: awssdk.String("Athena engine version 3")},
		},
	}))(t)
	want := query.Workgroup{Name: "team", Description: "ours", Output: "s3://team/", Enforce: true, ScanLimit: 1 << 30, Created: created}
	if got := l.workgroups["team"]; got != want {
		t.Errorf("created %+v", got)
	}
	got := must(l.client.GetWorkGroup(ctx, &sdk.GetWorkGroupInput{WorkGroup: awssdk.String("team")}))(t).WorkGroup
	c := got.Configuration
	if *got.Name != "team" || *got.Description != "ours" || got.State != types.WorkGroupStateEnabled || !got.CreationTime.Equal(created) ||
		*c.ResultConfiguration.OutputLocation != "s3://team/" || !*c.EnforceWorkGroupConfiguration || *c.BytesScannedCutoffPerQuery != 1<<30 ||
		*c.EngineVersion.EffectiveEngineVersion != "Athena engine version 3" || *c.EngineVersion.SelectedEngineVersion != "AUTO" {
		t.Errorf("got %+v %+v", got, c)
	}
	l.wantDecisions(t,
		"athena:CreateWorkGroup arn:aws:athena:eu-central-1:000000000000:workgroup/team",
		"athena:GetWorkGroup arn:aws:athena:eu-central-1:000000000000:workgroup/team")

	// An update changes what it names and nothing else.
	for _, step := range []struct {
		in     sdk.UpdateWorkGroupInput
		change func(*query.Workgroup)
	}{
		{sdk.UpdateWorkGroupInput{}, func(*query.Workgroup) {}},
		{sdk.UpdateWorkGroupInput{State: types.WorkGroupStateDisabled, Description: awssdk.String("")}, func(w *query.Workgroup) { w.Disabled, w.Description = true, "" }},
		{sdk.UpdateWorkGroupInput{State: types.WorkGroupStateEnabled, ConfigurationUpdates: &types.WorkGroupConfigurationUpdates{
			EnforceWorkGroupConfiguration: awssdk.Bool(false), BytesScannedCutoffPerQuery: awssdk.Int64(20_000_000),
			ResultConfigurationUpdates: &types.ResultConfigurationUpdates{OutputLocation: awssdk.String("s3://other/")},
		}}, func(w *query.Workgroup) {
			w.Disabled, w.Enforce, w.ScanLimit, w.Output = false, false, 20_000_000, "s3://other/"
		}},
		{sdk.UpdateWorkGroupInput{ConfigurationUpdates: &types.WorkGroupConfigurationUpdates{
			RemoveBytesScannedCutoffPerQuery: awssdk.Bool(true),
			ResultConfigurationUpdates:       &types.ResultConfigurationUpdates{RemoveOutputLocation: awssdk.Bool(true)},
		}}, func(w *query.Workgroup) { w.ScanLimit, w.Output = 0, "" }},
	} {
		step.in.WorkGroup = awssdk.String("team")
		step.change(&want)
		must(l.client.UpdateWorkGroup(ctx, &step.in))(t)
		if got := l.workgroups["team"]; got != want {
			t.Errorf("updated to %+v, want %+v", got, want)
		}
	}

	x := finished("a")
	x.Request.Workgroup = "team"
	l.executions["a"] = x
	_, err := l.client.DeleteWorkGroup(ctx, &sdk.DeleteWorkGroupInput{WorkGroup: awssdk.String("team")})
	wantAthena(t, err, "INVALID_INPUT", "WorkGroup team is not empty")
	must(l.client.DeleteWorkGroup(ctx, &sdk.DeleteWorkGroupInput{WorkGroup: awssdk.String("team"), RecursiveDeleteOption: awssdk.Bool(true)}))(t)
	_, err = l.client.GetWorkGroup(ctx, &sdk.GetWorkGroupInput{WorkGroup: awssdk.String("team")})
	wantAthena(t, err, "INVALID_INPUT", "WorkGroup team is not found.")
}

func TestWorkGroupRefuses(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	yes := awssdk.Bool(true)
	for part, c := range map[string]*types.WorkGroupConfiguration{
		"engine version PySpark engine version 3": {EngineVersion: &types.EngineVersion{SelectedEngineVersion: awssdk.String("PySpark engine version 3")}},
		"EncryptionConfiguration":                 {ResultConfiguration: &types.ResultConfiguration{EncryptionConfiguration: &types.EncryptionConfiguration{EncryptionOption: types.EncryptionOptionSseS3}}},
		"ManagedQueryResultsConfiguration":        {ManagedQueryResultsConfiguration: &types.ManagedQueryResultsConfiguration{Enabled: true}},
		"EnableMinimumEncryptionConfiguration":    {EnableMinimumEncryptionConfiguration: yes},
		"CustomerContentEncryptionConfiguration":  {CustomerContentEncryptionConfiguration: &types.CustomerContentEncryptionConfiguration{KmsKey: awssdk.String("arn:aws:kms:eu-central-1:000000000000:key/1234")}},
		"ExecutionRole":                           {ExecutionRole: awssdk.String("arn:aws:iam::000000000000:role/spark")},
		"IdentityCenterConfiguration":             {IdentityCenterConfiguration: &types.IdentityCenterConfiguration{EnableIdentityCenter: yes}},
	} {
		_, err := l.client.CreateWorkGroup(ctx, &sdk.CreateWorkGroupInput{Name: awssdk.String("w"), Configuration: c})
		wantAthena(t, err, "INVALID_INPUT", part+" is not supported")
	}
	_, err := l.client.CreateWorkGroup(ctx, &sdk.CreateWorkGroupInput{Name: awssdk.String("w"), Tags: []types.Tag{{Key: awssdk.String("k"), Value: awssdk.String("v")}}})
	wantAthena(t, err, "INVALID_INPUT", "Tags is not supported")
	_, err = l.client.CreateWorkGroup(ctx, &sdk.CreateWorkGroupInput{Name: awssdk.String("primary")})
	wantAthena(t, err, "INVALID_INPUT", "already exists")
	if len(l.workgroups) != 1 {
		t.Errorf("made %v", l.workgroups)
	}
}

func TestListWorkGroups(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	want := []string{"primary"}
	for i := range 7 {
		name := fmt.Sprint("w", i)
		l.workgroups[name] = query.Workgroup{Name: name, Disabled: i == 3}
		want = append(want, name)
	}
	var got []string
	pages := sdk.NewListWorkGroupsPaginator(l.client, &sdk.ListWorkGroupsInput{MaxResults: awssdk.Int32(4)})
	for pages.HasMorePages() {
		out := must(pages.NextPage(ctx))(t)
		if len(out.WorkGroups) != 4 {
			t.Errorf("a page of %d", len(out.WorkGroups))
		}
		for _, w := range out.WorkGroups {
			got = append(got, *w.Name)
			if w.Description == nil || w.EngineVersion == nil || (w.State == types.WorkGroupStateDisabled) != (*w.Name == "w3") {
				t.Errorf("%+v", w)
			}
		}
		delete(l.workgroups, "w2") // the one that the token holds: the next page goes on behind it
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	versions := must(l.client.ListEngineVersions(ctx, &sdk.ListEngineVersionsInput{}))(t)
	if len(versions.EngineVersions) != 2 || *versions.EngineVersions[0].SelectedEngineVersion != "AUTO" || versions.NextToken != nil {
		t.Errorf("%+v", versions)
	}
}

func TestDataCatalogs(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	must(l.client.CreateDataCatalog(ctx, &sdk.CreateDataCatalogInput{
		Name: awssdk.String("Demo"), Type: types.DataCatalogTypeHive, Description: awssdk.String("d"), Parameters: map[string]string{"metadata-function": "arn"},
	}))(t)
	got := must(l.client.GetDataCatalog(ctx, &sdk.GetDataCatalogInput{Name: awssdk.String("demo")}))(t).DataCatalog
	if *got.Name != "Demo" || got.Type != types.DataCatalogTypeHive || *got.Description != "d" || got.Parameters["metadata-function"] != "arn" {
		t.Errorf("%+v", got)
	}
	// However a request spells the name, a policy sees the one it was made with.
	l.wantDecisions(t,
		"athena:CreateDataCatalog arn:aws:athena:eu-central-1:000000000000:datacatalog/Demo",
		"athena:GetDataCatalog arn:aws:athena:eu-central-1:000000000000:datacatalog/Demo")

	must(l.client.UpdateDataCatalog(ctx, &sdk.UpdateDataCatalogInput{Name: awssdk.String("Demo"), Type: types.DataCatalogTypeHive, Description: awssdk.String("e")}))(t)
	if d := l.catalogs["demo"]; d.Description != "e" || d.Parameters["metadata-function"] != "arn" {
		t.Errorf("updated to %+v", d)
	}
	list := must(l.client.ListDataCatalogs(ctx, &sdk.ListDataCatalogsInput{}))(t)
	var names []string
	for _, d := range list.DataCatalogsSummary {
		names = append(names, *d.CatalogName+" "+string(d.Type))
	}
	if strings.Join(names, ", ") != "AwsDataCatalog GLUE, Demo HIVE, Hive HIVE" || list.NextToken != nil {
		t.Errorf("%v", names)
	}
	must(l.client.DeleteDataCatalog(ctx, &sdk.DeleteDataCatalogInput{Name: awssdk.String("demo")}))(t)
	_, err := l.client.GetDataCatalog(ctx, &sdk.GetDataCatalogInput{Name: awssdk.String("Demo")})
	wantAthena(t, err, "INVALID_INPUT", "DataCatalog Demo was not found")
}

func TestMetadata(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	tables := map[string]catalog.Table{}
	for i := range 120 {
		name := fmt.Sprintf("t%03d", i)
		tables[name] = catalog.Table{
			Database: "db", Name: name, Type: catalog.ExternalTable, Created: created,
			Partitions: []catalog.Column{{Name: "day", Type: "string"}},
			Storage: catalog.Storage{
				Columns: []catalog.Column{{Name: "a", Type: "int", Comment: "c"}}, Location: "s3://b/" + name, InputFormat: "in", OutputFormat: "out",
				SerDe: catalog.SerDe{Library: "lib", Parameters: map[string]string{"field.delim": ","}},
			},
			Parameters: map[string]string{"EXTERNAL": "TRUE"},
		}
	}
	l.databases = memory{tables: map[string]map[string]catalog.Table{"db": tables, "empty": {}}}

	d := must(l.client.GetDatabase(ctx, &sdk.GetDatabaseInput{CatalogName: awssdk.String("awsdatacatalog"), DatabaseName: awssdk.String("DB")}))(t).Database
	if *d.Name != "db" || *d.Description != "about db" || d.Parameters["k"] != "v" {
		t.Errorf("%+v", d)
	}
	m := must(l.client.GetTableMetadata(ctx, &sdk.GetTableMetadataInput{CatalogName: awssdk.String("AwsDataCatalog"), DatabaseName: awssdk.String("db"), TableName: awssdk.String("T007")}))(t).TableMetadata
	want := &types.TableMetadata{
		Name: awssdk.String("t007"), TableType: awssdk.String("EXTERNAL_TABLE"), CreateTime: &created,
		Columns:       []types.Column{{Name: awssdk.String("a"), Type: awssdk.String("int"), Comment: awssdk.String("c")}},
		PartitionKeys: []types.Column{{Name: awssdk.String("day"), Type: awssdk.String("string")}},
		Parameters: map[string]string{
			"EXTERNAL": "TRUE", "location": "s3://b/t007", "inputformat": "in", "outputformat": "out", "serde.serialization.lib": "lib", "serde.param.field.delim": ",",
		},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
	l.wantDecisions(t,
		"athena:GetDatabase arn:aws:athena:eu-central-1:000000000000:datacatalog/AwsDataCatalog",
		"glue:GetDatabase arn:aws:glue:eu-central-1:000000000000:database/db",
		"athena:GetTableMetadata arn:aws:athena:eu-central-1:000000000000:datacatalog/AwsDataCatalog",
		"glue:GetTable arn:aws:glue:eu-central-1:000000000000:table/db/t007")

	list := must(l.client.ListDatabases(ctx, &sdk.ListDatabasesInput{CatalogName: awssdk.String("hive")}))(t)
	if len(list.DatabaseList) != 2 || *list.DatabaseList[1].Name != "empty" || list.NextToken != nil {
		t.Errorf("%+v", list)
	}
	l.wantDecisions(t, "athena:ListDatabases arn:aws:athena:eu-central-1:000000000000:datacatalog/Hive")

	for expression, n := range map[string]int{"": 120, "*": 120, "t00.": 10, "t00": 0, "t0.*|t119": 101, ".*5": 12} {
		got := 0
		pages := sdk.NewListTableMetadataPaginator(l.client, &sdk.ListTableMetadataInput{CatalogName: awssdk.String("hive"), DatabaseName: awssdk.String("db"), Expression: &expression})
		for pages.HasMorePages() {
			got += len(must(pages.NextPage(ctx))(t).TableMetadataList)
		}
		if got != n {
			t.Errorf("expression %q: %d tables, want %d", expression, got, n)
		}
	}
	empty := must(l.client.ListTableMetadata(ctx, &sdk.ListTableMetadataInput{CatalogName: awssdk.String("hive"), DatabaseName: awssdk.String("empty")}))(t)
	if empty.TableMetadataList == nil || empty.NextToken != nil {
		t.Errorf("%+v", empty)
	}
}

func TestMetadataRefuses(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	l.databases = memory{tables: map[string]map[string]catalog.Table{"db": {}}}
	_, err := l.client.GetDatabase(ctx, &sdk.GetDatabaseInput{CatalogName: awssdk.String("hive"), DatabaseName: awssdk.String("none")})
	wantError(t, err, "MetadataException", "none")
	_, err = l.client.GetTableMetadata(ctx, &sdk.GetTableMetadataInput{CatalogName: awssdk.String("hive"), DatabaseName: awssdk.String("db"), TableName: awssdk.String("none")})
	wantError(t, err, "MetadataException", "db.none")
	_, err = l.client.ListTableMetadata(ctx, &sdk.ListTableMetadataInput{CatalogName: awssdk.String("hive"), DatabaseName: awssdk.String("none")})
	wantError(t, err, "MetadataException", "none")
	_, err = l.client.ListDatabases(ctx, &sdk.ListDatabasesInput{CatalogName: awssdk.String("nowhere")})
	wantAthena(t, err, "DATACATALOG_NOT_FOUND", "nowhere")
	_, err = l.client.ListTableMetadata(ctx, &sdk.ListTableMetadataInput{CatalogName: awssdk.String("hive"), DatabaseName: awssdk.String("db"), Expression: awssdk.String("(")})
	wantAthena(t, err, "INVALID_INPUT", "not a regular expression")
	l.deny = "glue:GetTables"
	_, err = l.client.ListTableMetadata(ctx, &sdk.ListTableMetadataInput{CatalogName: awssdk.String("AwsDataCatalog"), DatabaseName: awssdk.String("db")})
	wantError(t, err, "AccessDeniedException", "database/db")
}

func TestTags(t *testing.T) {
	l, ctx := newLake(t), t.Context()
	for arn, ok := range map[string]bool{
		"arn:aws:athena:eu-central-1:000000000000:workgroup/primary":   true,
		"arn:aws:athena:eu-central-1:000000000000:datacatalog/Hive":    true,
		"arn:aws:athena:eu-central-1:000000000000:workgroup/none":      false,
		"arn:aws:athena:eu-central-1:000000000000:datacatalog/nowhere": false,
	} {
		out, err := l.client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: &arn})
		if ok {
			if err != nil || len(out.Tags) != 0 {
				t.Errorf("%s: %+v, %v", arn, out, err)
			}
			continue
		}
		wantError(t, err, "ResourceNotFoundException", "not found")
	}
	_, err := l.client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: awssdk.String("arn:aws:s3:::b")})
	wantAthena(t, err, "INVALID_INPUT", "is not the ARN of")
}
