CREATE TABLE "known_devices" (
	"user_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"devices" text COLLATE "C" NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "known_devices" ADD CONSTRAINT "known_devices_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "known_devices_expires_at" ON "known_devices" USING btree ("expires_at");
--> statement-breakpoint
-- Counters of earlier releases, of which each guessed email left one for a year.
TRUNCATE "throttle";
