-- AlterTable
ALTER TABLE "documents" ADD COLUMN     "content_seq" BIGINT NOT NULL DEFAULT 0;
