import { ResultsDefinition } from "../../gen/results_service.ts";
import type { Service } from "../../grpc/service.ts";
import type { Grid } from "../grid.ts";
import { RESULT_LIST } from "../lists/fields.ts";
import { toQuery } from "../lists/query.ts";
import { notImplemented } from "../not-implemented.ts";
import { toResultRaw } from "./convert.ts";
import { createResults, createResultsMetaData } from "./create.ts";
import { downloadResultData } from "./download.ts";
import { readResult } from "./read.ts";
import { uploadResultData } from "./upload.ts";

export const resultsService = (grid: Grid): Service<ResultsDefinition> => {
  const { stores, settings } = grid;
  return {
    ...notImplemented(ResultsDefinition),

    async listResults(request) {
      const { rows, total } = await stores.tables.results.list(toQuery(request, RESULT_LIST));
      const { page, pageSize } = request;
      return { results: rows.map(toResultRaw), page, pageSize, total };
    },

    async getResult({ resultId }) {
      return { result: toResultRaw(await readResult(stores, resultId)) };
    },

    async createResultsMetaData(request) {
      return { results: (await createResultsMetaData(grid, request)).map(toResultRaw) };
    },

    async createResults(request) {
      return { results: (await createResults(grid, request)).map(toResultRaw) };
    },

    async uploadResultData(requests, { signal }) {
      return { result: toResultRaw(await uploadResultData(stores, requests, signal)) };
    },

    downloadResultData({ resultId }, { signal }) {
      return downloadResultData(stores, resultId, signal);
    },

    async getServiceConfiguration() {
      return { dataChunkMaxSize: settings.dataChunkMaxBytes };
    },
  };
};
