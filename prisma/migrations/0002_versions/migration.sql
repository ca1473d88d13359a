-- AlterTable
ALTER TABLE "document_versions" ADD COLUMN     "author" TEXT,
ADD COLUMN     "day" DATE,
ADD COLUMN     "reason" TEXT,
ADD COLUMN     "size" INTEGER,
ALTER COLUMN "yjs_state" DROP NOT NULL;

-- What is there: dailies get their size, and one of a day its day.
UPDATE "document_versions" SET "size" = octet_length("content_text") WHERE "kind" = 'daily';
UPDATE "document_versions" v SET "day" = (v."created_at" AT TIME ZONE 'UTC')::date
FROM (
  SELECT DISTINCT ON ("document_id", ("created_at" AT TIME ZONE 'UTC')::date) "id" FROM "document_versions"
  WHERE "kind" = 'daily' ORDER BY "document_id", ("created_at" AT TIME ZONE 'UTC')::date, "created_at"
) first WHERE first."id" = v."id";

-- CreateIndex
CREATE INDEX "documents_deleted_at_idx" ON "documents"("deleted_at");

-- CreateIndex
CREATE INDEX "document_versions_kind_created_at_idx" ON "document_versions"("kind", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "document_versions_document_id_day_key" ON "document_versions"("document_id", "day");
