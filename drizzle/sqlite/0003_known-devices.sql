CREATE TABLE `known_devices` (
	`user_id` text PRIMARY KEY NOT NULL,
	`devices` text NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `known_devices_expires_at` ON `known_devices` (`expires_at`);
--> statement-breakpoint
-- Counters of earlier releases, of which each guessed email left one for a year.
DELETE FROM `throttle`;
