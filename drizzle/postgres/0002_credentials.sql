CREATE TABLE "credentials" (
	"kind" text COLLATE "C" NOT NULL,
	"identifier" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"secret" text COLLATE "C" NOT NULL,
	"label" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	"data" text COLLATE "C",
	"key_id" text COLLATE "C",
	CONSTRAINT "credentials_kind_identifier_pk" PRIMARY KEY("kind","identifier")
);
--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credentials_user_id" ON "credentials" USING btree ("user_id");--> statement-breakpoint
INSERT INTO "credentials" ("kind", "identifier", "user_id", "secret", "created_at") SELECT 'password', "id", "id", "password_hash", "created_at" FROM "users";--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "password_hash";
