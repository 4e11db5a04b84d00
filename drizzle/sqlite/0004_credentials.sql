CREATE TABLE `credentials` (
	`kind` text NOT NULL,
	`identifier` text NOT NULL,
	`user_id` text NOT NULL,
	`secret` text NOT NULL,
	`label` text,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`data` text,
	`key_id` text,
	PRIMARY KEY(`kind`, `identifier`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `credentials_user_id` ON `credentials` (`user_id`);--> statement-breakpoint
INSERT INTO `credentials` (`kind`, `identifier`, `user_id`, `secret`, `created_at`) SELECT 'password', `id`, `id`, `password_hash`, `created_at` FROM `users`;--> statement-breakpoint
-- Not a new table in place of the old one: dropping that would delete what belongs to its users.
ALTER TABLE `users` DROP COLUMN `password_hash`;
