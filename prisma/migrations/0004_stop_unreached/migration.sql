-- AlterTable
ALTER TABLE "runs" ADD COLUMN     "stop_unreached_at" TIMESTAMPTZ(3);
