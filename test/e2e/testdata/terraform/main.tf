# What somebody may have for Amazon RDS; only the endpoints are lethe's.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" {}
variable "class" {}

provider "aws" {
  region = "us-west-2"
  endpoints {
    rds = var.endpoint
    sts = var.endpoint
    iam = var.endpoint
  }
}

data "aws_rds_engine_version" "postgres" {
  engine = "postgres"
  latest = true
}

data "aws_rds_orderable_db_instance" "memory" {
  engine                     = "postgres"
  engine_version             = data.aws_rds_engine_version.postgres.version_actual
  preferred_instance_classes = ["db.r6g.large", "db.m6g.large"]
}

resource "aws_db_parameter_group" "news" {
  name   = "news"
  family = data.aws_rds_engine_version.postgres.parameter_group_family
  parameter {
    name  = "log_min_duration_statement"
    value = "250"
  }
}

resource "aws_db_instance" "news" {
  identifier              = "newsblog"
  engine                  = "postgres"
  engine_version          = data.aws_rds_engine_version.postgres.version_actual
  instance_class          = var.class
  allocated_storage       = 20
  db_name                 = "news"
  username                = "seb"
  password                = "Graviton2-rocks"
  parameter_group_name    = aws_db_parameter_group.news.name
  backup_retention_period = 1
  backup_window           = "01:00-01:30"
  maintenance_window      = "sun:04:00-sun:04:30"
  apply_immediately       = true
  skip_final_snapshot     = true
  tags                    = { team = "news" }
}

resource "aws_db_snapshot" "before" {
  db_instance_identifier = aws_db_instance.news.identifier
  db_snapshot_identifier = "before-launch"
}

resource "aws_db_instance" "reader" {
  identifier          = "newsblog-reader"
  replicate_source_db = aws_db_instance.news.identifier
  instance_class      = var.class
  apply_immediately   = true
  skip_final_snapshot = true
  depends_on          = [aws_db_snapshot.before] # a server that is backing up has no replicas made
}

data "aws_db_instance" "news" {
  db_instance_identifier = aws_db_instance.news.identifier
}

output "version" { value = data.aws_rds_engine_version.postgres.version_actual }
output "running" { value = data.aws_db_instance.news.engine_version }
output "class" { value = data.aws_db_instance.news.db_instance_class }
output "orderable" { value = data.aws_rds_orderable_db_instance.memory.instance_class }
output "replica_of" { value = aws_db_instance.reader.replicate_source_db }
output "snapshot_of" { value = aws_db_snapshot.before.db_instance_identifier }
